// Waking this phone when a login waits (W3C Push API). One subscription of this browser serves every
// account here; the gateway is told of it in the name of each.

import { call } from './api.js';
import { fromBase64, toBase64 } from './keys.js';

// Whether this browser can be woken at all, by the gateway that has this key.
export const possible = (key) => Boolean(key)
  && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

const options = (key) => ({ userVisibleOnly: true, applicationServerKey: fromBase64(key) });

// What the browser has. One for another key of the gateway is made anew: its owner has said yes before.
export async function subscription(worker, key) {
  const found = await worker.pushManager.getSubscription();
  const own = found?.options?.applicationServerKey;
  if (!own || toBase64(own) === key) return found ?? undefined;
  await found.unsubscribe();
  if (Notification.permission !== 'granted') return undefined;
  return worker.pushManager.subscribe(options(key));
}

// Asks the owner, then the browser. Throws where either says no: `denied`, or `undecided` where he only
// closed the question.
export async function subscribe(worker, key) {
  // First of all: some browsers ask only in the very moment of a tap.
  const answer = await Notification.requestPermission();
  if (answer !== 'granted') throw new Error(answer === 'denied' ? 'denied' : 'undecided');
  const ready = await worker;
  return (await subscription(ready, key)) ?? ready.pushManager.subscribe(options(key));
}

// Tells the gateway of every account; what it said against it, if anything. An account that ended says so
// in the list, and counts only where there is no other.
export async function tell(accounts, found, lang) {
  const { endpoint, keys } = found.toJSON();
  const content = { endpoint, key: keys.p256dh, auth: keys.auth, lang };
  const said = await Promise.all(accounts.map((account) => call(account, 'subscribe', content)));
  const taken = said.some(({ error }) => !error);
  return said.find(({ error }) => error && (error !== 'unknown' || !taken));
}

// The browser first: what it has ended cannot wake it, whatever the gateway hears of it.
export async function end(accounts, found) {
  await found?.unsubscribe();
  await Promise.all(accounts.map((account) => call(account, 'unsubscribe', {})));
}
