// The phone's side: accounts, codes, and logins that wait for a yes. Every word stands in the page; here
// is only what happens.

import * as accounts from './accounts.js';
import { call, clock } from './api.js';
import { codeAt, fromBase64, newDeviceKey, secretKey } from './keys.js';
import * as push from './push.js';
import { scan } from './scan.js';

const page = document.getElementById('authenticator');
const api = page.dataset.api;
const el = (id) => document.getElementById(id);

const ASK_EVERY_MS = 3000;
// So far the clock of a phone may be off without a word, in milliseconds.
const CLOCK_NOTE_MS = 30000;
const TOKEN = /^[0-9A-HJKMNP-TV-Z]{16}$/;

// The camera while it looks for a code.
let camera = null;
// Promise of the service worker's registration, or of nothing where there is none.
let worker;

// ---- what is shown

// The phone's own Back leads to the list, not out of the app: one entry of the history stands before it.
let deep = Boolean(history.state?.deep);

function show(screen, focus) {
  camera?.abort();
  if (!deep && !['list', 'unsupported', 'trouble'].includes(screen)) {
    history.pushState({ deep: true }, '');
    deep = true;
  }
  for (const section of page.querySelectorAll('[data-screen]')) {
    section.hidden = section.dataset.screen !== screen;
  }
  const target = focus ?? page.querySelector(`[data-screen="${screen}"] h1`);
  target?.focus();
}

const current = () => page.querySelector('[data-screen]:not([hidden])').dataset.screen;

// Not replaceChildren: Chrome 85 and older have none.
function refill(place, nodes) {
  place.textContent = '';
  place.append(...nodes);
}

function word(name, values = {}) {
  const found = page.querySelector(`[data-word="${name}"]`) ?? page.querySelector('[data-word="trouble"]');
  return found.textContent.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

function say(place, name, values) {
  place.textContent = name ? word(name, values) : '';
  place.hidden = !name;
}

function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of root.querySelectorAll(`[data-fill="${name}"]`)) place.textContent = value;
  }
}

// ---- the list

let shown = [];
// Answers of the gateway by handle: { logins } or { error }.
const told = new Map();
let asking = false;

function item(account) {
  const one = el('account').content.cloneNode(true).firstElementChild;
  one.dataset.handle = account.handle;
  fill(one, { site: account.url, user: account.user, entry: account.entry });
  one.querySelector('[data-act="remove"]').addEventListener('click', () => askRemove(account));
  return one;
}

async function list() {
  shown = (await accounts.all()).filter(({ secret }) => secret);
  shown.sort((one, other) => one.url.localeCompare(other.url) || one.user.localeCompare(other.user));
  refill(el('accounts'), shown.map(item));
  el('empty').hidden = shown.length > 0;
  show('list');
  mark();
  showPush();
  showKeep();
  await codes();
  ask();
}

// One button for each login that waits; made anew only when they change, so that no tap goes astray.
function waiting(one, account, logins) {
  const place = one.querySelector('[data-part="logins"]');
  const names = logins.map(({ challenge }) => challenge).join(' ');
  if (place.dataset.names === names) return;
  place.dataset.names = names;
  refill(place, logins.map((login) => {
    const button = el('login').content.cloneNode(true).firstElementChild;
    fill(button, { from: word('from', { ...login, browser: browserOf(login) }) });
    button.addEventListener('click', () => open(account, login));
    return button;
  }));
}

// Accounts with a login that waits stand first, coloured and with words.
function mark() {
  const items = [...el('accounts').children];
  for (const one of items) {
    const account = shown.find(({ handle }) => handle === one.dataset.handle);
    const { logins = [], error } = told.get(one.dataset.handle) ?? {};
    one.classList.toggle('waits', logins.length > 0);
    one.querySelector('[data-part="waits"]').hidden = logins.length === 0;
    // Nobody knows it until the page on the computer takes it in: it must not be taken for one that ended.
    const joins = Boolean(account.token) && error === 'unknown';
    one.querySelector('[data-part="joins"]').hidden = !joins;
    one.querySelector('[data-part="ended"]').hidden = error !== 'unknown' || joins;
    one.querySelector('[data-part="code"]').hidden = error === 'unknown';
    one.querySelector('.remove').hidden = joins;
    waiting(one, account, logins);
  }
  const first = (one) => (one.classList.contains('waits') ? 0 : 1);
  const sorted = [...items].sort((one, other) => first(one) - first(other));
  if (sorted.some((one, at) => one !== items[at])) el('accounts').append(...sorted);
  const offline = [...told.values()].some(({ error }) => error === 'offline');
  say(el('network'), offline ? 'offline' : '');
  const minutes = Math.round(Math.abs(clock.ahead) / 60000);
  say(el('clock'), clockIsOff() ? 'clock' : '', { minutes: Math.max(1, minutes) });
}

const clockIsOff = () => Math.abs(clock.ahead) > CLOCK_NOTE_MS;
const grouped = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;

async function codes() {
  const now = clock.now();
  for (const account of shown) {
    const one = el('accounts').querySelector(`[data-handle="${account.handle}"]`);
    if (!one) continue;
    // One that this browser cannot read any more takes nothing from the others.
    const code = await codeAt(account.secret, now, account).catch(() => '------');
    const left = account.period - (Math.floor(now) % account.period);
    fill(one, { code: grouped(code), left });
    // Without a network nobody knows whether the phone's clock was set since it was measured.
    const doubt = told.get(account.handle)?.error === 'offline' && clockIsOff();
    one.querySelector('[data-part="own-clock"]').hidden = !doubt;
    if (doubt) {
      const own = await codeAt(account.secret, Date.now() / 1000, account).catch(() => '------');
      fill(one, { 'own-code': grouped(own) });
    }
  }
}

async function ask() {
  const listed = !page.querySelector('[data-screen="list"]').hidden;
  if (asking || document.hidden || !listed) return;
  asking = true;
  try {
    await Promise.all(shown.map(async (account) => {
      const said = await call(account, 'waiting', {}).catch(() => ({ error: 'trouble' }));
      told.set(account.handle, said);
    }));
  } finally {
    asking = false;
  }
  mark();
}

// Seconds for which the login on the screen may be answered.
async function countDown() {
  if (!['confirm', 'why'].includes(current()) || answering.over) return;
  const left = Math.ceil((answering.until - Date.now()) / 1000);
  say(el('left'), 'left', { left: Math.max(0, left) });
  if (left > 0 || answering.asked) return;
  // Its page may have asked for more time.
  const { account, login } = answering;
  answering.asked = true;
  const said = await call(account, 'waiting', {}).catch(() => ({ error: 'trouble' }));
  if (answering.login !== login || answering.busy) return;
  const still = said.logins?.find(({ challenge }) => challenge === login.challenge);
  answering.asked = false;
  if (still) {
    answering.until = Date.now() + still.left * 1000;
  } else if (!said.error) {
    // "Tidak" stays: whoever did not log in himself says so, however late.
    answering.over = true;
    busy(false);
    say(el('left'), '');
    say(el('answer'), 'late');
  }
}

// Looked at again: what was said of an earlier login must not be taken for a word about the next.
function seen() {
  if (document.hidden) return;
  const at = current();
  if (at === 'done') list();
  else ask();
}

// ---- a login that waits

// The login that is being answered, with its account.
let answering = null;

function browserOf({ browser, system }) {
  if (browser && system) return word('browser-of', { name: browser, system });
  return browser ?? system ?? word('browser');
}

function open(account, login) {
  answering = { account, login, until: Date.now() + login.left * 1000 };
  fill(el('confirm'), {
    user: login.user_id,
    role: login.role,
    name: account.site,
    site: account.url,
    at: login.at,
    address: login.address,
    browser: browserOf(login),
  });
  el('number').value = '';
  el('by-number').hidden = login.confirm !== 'number';
  say(el('answer'), '');
  busy(false);
  show('confirm');
  countDown();
}

async function answer(action, content) {
  const { account, login } = answering;
  busy(true);
  try {
    return await call(account, action, content, login.challenge);
  } finally {
    busy(false);
  }
}

function busy(yes) {
  answering.busy = yes;
  for (const button of page.querySelectorAll('#confirm button, #why button')) button.disabled = yes;
  el('yes').hidden = Boolean(answering.over);
}

async function approve() {
  const number = el('number').value.replace(/\D/g, '');
  if (answering.login.confirm === 'number' && number.length !== 6) {
    say(el('answer'), 'six');
    el('number').focus();
    return;
  }
  const said = await answer('approve', { number });
  if (!said.error) return done('accepted');
  if (said.error === 'number' && said.left > 0) {
    say(el('answer'), 'number', { left: said.left });
    el('number').select();
    return;
  }
  if (said.error === 'offline') return say(el('answer'), 'offline');
  // Over: another tab or a code may have been first, so that it is no failure.
  const words = { number: 'spent', over: 'late' };
  done(words[said.error] ?? said.error, said);
}

async function deny(reason) {
  say(el('denied'), '');
  const said = await answer('deny', { reason });
  if (said.error === 'offline') return say(el('denied'), 'offline');
  // Over: it was finished by a code, or waits no more. Nothing was refused, and nothing closed.
  const late = said.error === 'over' && reason === 'not-me';
  const words = { over: 'late' };
  done(late ? 'not-me-late' : words[said.error] ?? said.error ?? reason);
}

function done(name, values = {}) {
  const { account, login } = answering;
  told.delete(account.handle);
  fill(el('done'), { text: word(name, { user: login.user_id, ...values }) });
  show('done');
}

// ---- the camera

// Looks for a code on this screen until `wanted` finds what it is after in one; undefined where nothing
// came of it.
async function look(screen, wanted, problem) {
  camera?.abort();
  const mine = new AbortController();
  camera = mine;
  const place = page.querySelector(`[data-screen="${screen}"] .camera`);
  place.hidden = false;
  say(problem.place, '');
  try {
    const text = await scan(place.querySelector('video'), mine.signal, wanted);
    return mine.signal.aborted ? undefined : text;
  } catch {
    if (!mine.signal.aborted) say(problem.place, problem.word);
    return undefined;
  } finally {
    if (camera === mine) place.hidden = true;
  }
}

async function scanNumber() {
  const problem = { place: el('answer'), word: 'camera' };
  const text = await look('confirm', (read) => /^\d{6}$/.test(read), problem);
  if (!text) return;
  el('number').value = text;
  el('yes').focus();
}

// The link of an activation page of this very gateway, and no other.
function tokenOf(link) {
  if (!/^https?:/.test(link)) return undefined;
  let parts;
  try {
    parts = new URL(link);
  } catch {
    return undefined;
  }
  const { origin, pathname, hash } = parts;
  const own = origin === location.origin && pathname === location.pathname;
  return own && hash.startsWith('#add=') ? tokenIn(hash.slice('#add='.length)) : undefined;
}

async function scanToken() {
  const problem = { place: el('token-error'), word: 'add-qr' };
  const link = await look('add', (read) => {
    const token = tokenOf(read);
    // The same kind of code, of another LPSE.
    if (!token && read.includes('/authenticator/#add=')) say(el('token-error'), 'elsewhere');
    return token;
  }, problem);
  if (link) add(tokenOf(link));
}

// ---- waking this phone

async function pushed() {
  if (!push.possible(page.dataset.push) || !(await worker)) return undefined;
  // A browser that cannot say has none.
  return push.subscription(await worker, page.dataset.push).catch(() => undefined);
}

async function showPush() {
  const offered = push.possible(page.dataset.push) && shown.length > 0 && Boolean(await worker);
  const on = offered && Boolean(await pushed());
  el('push').hidden = !offered;
  say(el('push-is-on'), on ? 'push-is-on' : '');
  el('push-off').hidden = !on;
  el('push-on').hidden = on;
  if (!on) return;
  const old = await (await worker).getNotifications({ tag: 'login' });
  for (const notification of old) notification.close();
}

let setting = false;

// One change at a time, and the button that is left has the focus behind it.
async function setPush(change) {
  if (setting) return;
  setting = true;
  const buttons = [el('push-on'), el('push-off')];
  for (const button of buttons) button.disabled = true;
  say(el('push-error'), '');
  const problem = await change().catch(({ message }) => ({ error: message }));
  for (const button of buttons) button.disabled = false;
  setting = false;
  await showPush();
  const words = { denied: 'push-denied', offline: 'push-offline', unknown: 'unknown', wait: 'wait', trouble: 'trouble' };
  // Whoever only closed the question knows it.
  const told = problem && problem.error !== 'undecided';
  say(el('push-error'), told ? words[problem.error] ?? 'push' : '', problem);
  buttons.find(({ hidden }) => !hidden)?.focus();
}

async function pushOn() {
  const found = await push.subscribe(worker, page.dataset.push);
  const problem = await push.tell(shown, found, document.documentElement.lang);
  if (problem) await push.end(shown, found);
  return problem;
}

async function pushOff() {
  await push.end(shown, await pushed());
}

async function pushLess(account) {
  const found = await pushed();
  if (!found) return;
  const others = shown.filter(({ handle }) => handle !== account.handle);
  await push.end([account], others.length === 0 ? found : undefined);
}

// The browser may have moved to another address since, an account may be new, the gateway's key another.
async function pushAgain() {
  const found = await pushed();
  const known = (await accounts.all()).filter(({ secret, token }) => secret && !token);
  if (!found || known.length === 0) return;
  const problem = await push.tell(known, found, document.documentElement.lang);
  // Not woken here any more: the button says so.
  if (problem?.error === 'push') await push.end(known, found);
  if (current() === 'list') showPush();
}

// ---- whether the browser keeps what it holds

async function showKeep() {
  const kept = await navigator.storage?.persisted?.();
  el('keep').hidden = kept !== false || shown.length === 0;
}

// ---- adding and removing

// What is kept of an account before the gateway has named it.
const nameless = (token) => `token:${token}`;

// Kept before each step that the gateway may take for done: an account that is bound to a phone that
// forgot it is lost. Whatever breaks off goes on from what is kept.
async function add(token) {
  show('adding');
  say(el('adding-error'), '');
  say(el('adding-note'), '');
  el('adding-wait').hidden = false;
  el('again').hidden = true;
  try {
    await join(token);
  } catch {
    refused('trouble', token);
  }
}

async function join(token) {
  let account = (await accounts.all()).find((one) => one.token === token);
  if (!account) {
    const { signing, point } = await newDeviceKey();
    account = { handle: nameless(token), token, api, signing, point };
    await accounts.keep(account);
  }
  const phone = { api, signing: account.signing, handle: '' };
  if (!account.secret) {
    const offer = await patiently(() => call(phone, 'join', { token, key: account.point }));
    if (offer.error === 'over') await accounts.forget(account.handle);
    if (offer.error) return refused(offer.error, token);
    const named = {
      ...account,
      handle: offer.handle,
      secret: await secretKey(fromBase64(offer.secret)),
      digits: offer.digits,
      period: offer.period,
      url: offer.url,
      site: offer.site,
      user: offer.user_id,
      entry: offer.entry,
    };
    await accounts.rename(account.handle, named);
    account = named;
  }
  const { point } = account;
  const { token: used, ...kept } = account;
  const code = await codeAt(account.secret, clock.now(), account);
  const confirmed = await patiently(() => call(phone, 'confirm', { token, key: point, code }));
  // Over: it may have been taken in before this phone heard of it.
  if (confirmed.error && confirmed.error !== 'over') return refused(confirmed.error, token);
  say(el('adding-note'), 'computer');
  for (;;) {
    const said = await call(account, 'waiting', {});
    if (!said.error) break;
    if (said.error === 'unknown' && !(await stillOffered(phone, account))) {
      // It may have been taken in between both questions: the invitation ends with that.
      const again = await call(account, 'waiting', {});
      if (!again.error) break;
      if (again.error === 'unknown') {
        await accounts.keep(kept);
        return refused('over');
      }
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS / 2));
  }
  await accounts.keep(kept);
  pushAgain().catch(() => {});
  say(el('adding-note'), '');
  fill(el('added'), { text: word('added', { site: account.url }) });
  // Whoever answers a login that waits is not torn away from it.
  if (['adding', 'list'].includes(current())) show('added');
}

// Whether the page on the computer may still take this phone in.
async function stillOffered(phone, { token, point }) {
  const said = await call(phone, 'confirm', { token, key: point, code: '000000' });
  return said.error !== 'over';
}

// A network that comes and goes: the same request again does the same.
async function patiently(attempt) {
  for (let tries = 0; ; tries += 1) {
    const said = await attempt();
    if (said.error !== 'offline' || tries === 2) return said;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function refused(name, token) {
  say(el('adding-note'), '');
  say(el('adding-error'), name);
  el('adding-wait').hidden = true;
  el('again').hidden = !token || name === 'over';
  el('again').onclick = () => add(token);
}

function askRemove(account) {
  fill(el('remove'), { site: account.url, user: account.user, entry: account.entry });
  el('remove-yes').onclick = async () => {
    el('remove-yes').disabled = true;
    // An account that this phone forgot must not wake it: first of all, for then nobody can say so any more.
    await pushLess(account).catch(() => {});
    await accounts.forget(account.handle);
    el('remove-yes').disabled = false;
    list();
  };
  show('remove');
}

// As people read signs off a screen: small letters, blanks and look-alikes are forgiven.
function tokenIn(text) {
  const alike = { I: '1', L: '1', O: '0', U: 'V' };
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replace(/[ILOU]/g, (sign) => alike[sign]);
  return TOKEN.test(plain) ? plain : undefined;
}

function typed() {
  const token = tokenIn(el('token').value);
  say(el('token-error'), token ? '' : 'token');
  if (token) add(token);
  else el('token').focus();
}

// The token leaves the address at once: neither the history nor a shared screen keeps it.
function fromAddress() {
  const [name, text = ''] = location.hash.slice(1).split('=');
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return name === 'add' ? { token: tokenIn(text) } : undefined;
}

// A link that was cut off on its way is said, not dropped.
function follow({ token }) {
  if (token) return add(token);
  show('add', el('token'));
  say(el('token-error'), 'token');
  return undefined;
}

async function begin() {
  // An iPhone has two of everything: the browser's page, and the copy on the home screen that is kept.
  el('iphone').hidden = navigator.standalone !== false;
  el('empty-copy').hidden = navigator.standalone !== true;
  el('empty-page').hidden = navigator.standalone === true;
  el('starting').hidden = true;
  el('add-first').hidden = false;
  if (!window.isSecureContext || !crypto.subtle || !window.indexedDB) return show('unsupported');
  worker = Promise.resolve(navigator.serviceWorker?.register(page.dataset.worker, {
    scope: page.dataset.scope,
  })).catch(() => undefined);
  for (const [id, act] of Object.entries({
    'add-open': () => show('add', el('token')),
    'token-send': typed,
    yes: approve,
    no: () => show('why'),
    'not-me': () => deny('not-me'),
    mistake: () => deny('mistake'),
    'scan-number': scanNumber,
    'scan-token': scanToken,
    'push-on': () => setPush(pushOn),
    'push-off': () => setPush(pushOff),
  })) el(id).addEventListener('click', act);
  for (const back of page.querySelectorAll('[data-act="list"]')) back.addEventListener('click', list);
  for (const back of page.querySelectorAll('[data-act="confirm"]')) back.addEventListener('click', () => show('confirm'));
  for (const stop of page.querySelectorAll('[data-act="camera-stop"]')) stop.addEventListener('click', () => camera?.abort());
  window.addEventListener('popstate', () => {
    deep = Boolean(history.state?.deep);
    // With a link in it, it is no way back; what follows it comes next.
    if (!deep && !location.hash && current() !== 'list') list();
  });
  for (const form of page.querySelectorAll('form')) form.addEventListener('submit', (event) => event.preventDefault());
  window.addEventListener('hashchange', () => {
    const link = fromAddress();
    if (link) follow(link);
  });
  document.addEventListener('visibilitychange', seen);
  // A tap on a notification: what it is about stands in the list.
  navigator.serviceWorker?.addEventListener('message', () => {
    if (current() !== 'adding') list();
  });
  setInterval(codes, 1000);
  setInterval(countDown, 1000);
  setInterval(ask, ASK_EVERY_MS);
  const broken = (await accounts.all()).find((one) => one.token);
  const link = fromAddress() ?? broken;
  pushAgain().catch(() => {});
  await (link ? follow(link) : list());
}

begin().catch(() => show('trouble'));
