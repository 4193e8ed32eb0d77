// Waking this phone when a login waits (W3C Push API). One subscription of this browser serves every
// account here; each account's gateway record is told of it in the account's own name.

import { call } from './api.js';
import { fromBase64, toBase64 } from './keys.js';

// Whether this browser can be woken at all, by the gateway that has this key.
export const possible = (key) => Boolean(key)
  && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

// What the browser has, if its key is still the gateway's.
export async function subscription(worker, key) {
  const found = await worker.pushManager.getSubscription();
  if (!found) return undefined;
  const own = found.options?.applicationServerKey;
  if (!own || toBase64(own) === key) return found;
  await found.unsubscribe();
  return undefined;
}

// Asks the owner, then the browser. Throws where either says no.
export async function subscribe(worker, key) {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error('denied');
  const found = await subscription(worker, key);
  const options = { userVisibleOnly: true, applicationServerKey: fromBase64(key) };
  return found ?? worker.pushManager.subscribe(options);
}

// Tells the gateway of every account; the first thing that it said against it, if any.
export async function tell(accounts, found, lang) {
  const { endpoint, keys } = found.toJSON();
  const content = { endpoint, key: keys.p256dh, auth: keys.auth, lang };
  const said = await Promise.all(accounts.map((account) => call(account, 'subscribe', content)));
  // An account that ended says so in the list.
  return said.map(({ error }) => error).find((error) => error && error !== 'unknown');
}

// The browser first: what it has ended cannot wake it, whatever the gateway hears of it.
export async function end(accounts, found) {
  await found?.unsubscribe();
  await Promise.all(accounts.map((account) => call(account, 'unsubscribe', {})));
}
