// What the phone asks the gateway: JSON over HTTPS, signed by the phone's key over site, method, path,
// login, time and body. No cookie goes with it.

import { sha256, sign, utf8 } from './keys.js';

const SCHEME = 'gerbang-device-v1';
const PATIENCE_MS = 15000;
const CLOCK = 'gerbang-authenticator-clock';

// How far the gateway's clock is ahead of this phone's, in milliseconds. Measured at every answer, so
// that codes are right on a phone whose clock is wrong, and kept for when there is no network.
export const clock = {
  get ahead() {
    return Number(localStorage.getItem(CLOCK)) || 0;
  },
  set ahead(ms) {
    localStorage.setItem(CLOCK, String(Math.round(ms)));
  },
  now() {
    return (Date.now() + this.ahead) / 1000;
  },
};

// Learns the gateway's time from an answer; `began` is when it was asked for.
function learn(time, began) {
  if (!Number.isFinite(time)) return;
  const ended = Date.now();
  // The answer gives whole seconds: half a second more is its middle.
  const ahead = time * 1000 + 500 - (began + ended) / 2;
  // What lies within the error of this measurement is no news.
  if (Math.abs(ahead - clock.ahead) > 1000 + (ended - began) / 2) clock.ahead = ahead;
}

async function send(path, headers, body) {
  const began = Date.now();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  let answer;
  try {
    answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal: patience.signal,
    });
  } catch {
    return { error: 'offline' };
  } finally {
    clearTimeout(timer);
  }
  let said;
  try {
    said = await answer.json();
  } catch {
    return { error: 'trouble' };
  }
  learn(said.time, began);
  if (answer.ok) return said;
  return { ...said, error: said.error ?? 'trouble' };
}

// Asks for something in the name of `phone`: { api, signing, handle }; the handle is empty until the
// gateway gave one.
export async function call(phone, action, content, challenge = '') {
  const path = `${phone.api}${action}`;
  const body = utf8(JSON.stringify(content));
  const once = async () => {
    const time = Math.floor(clock.now());
    const lines = [SCHEME, location.origin, 'POST', path, challenge, time, await sha256(body)];
    const signature = await sign(phone.signing, lines.join('\n'));
    const parts = { handle: phone.handle ?? '', challenge, time, signature };
    const header = Object.entries(parts).map(([name, value]) => `${name}="${value}"`);
    return send(path, { 'Gerbang-Device': header.join(', ') }, body);
  };
  const said = await once();
  // The answer told the right time.
  return said.error === 'clock' ? once() : said;
}
