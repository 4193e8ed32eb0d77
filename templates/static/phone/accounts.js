// Accounts of this phone. IndexedDB keeps keys as they are, without ever showing their bytes.

const DATABASE = 'gerbang-authenticator';
const ACCOUNTS = 'accounts';

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function database() {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(ACCOUNTS, { keyPath: 'handle' });
  const found = await settled(asked);
  // Another tab with a newer version must not wait for this one.
  found.onversionchange = () => found.close();
  return found;
}

// Resolves once the change is written, not only taken.
async function change(what) {
  const work = (await database()).transaction(ACCOUNTS, 'readwrite', { durability: 'strict' });
  const written = new Promise((resolve, reject) => {
    work.oncomplete = resolve;
    work.onabort = () => reject(work.error);
  });
  what(work.objectStore(ACCOUNTS));
  await written;
}

export async function all() {
  const store = (await database()).transaction(ACCOUNTS, 'readonly').objectStore(ACCOUNTS);
  return settled(store.getAll());
}

export async function keep(account) {
  await change((store) => store.put(account));
  // Asked for once something is worth keeping; a browser that says no keeps it all the same until it
  // runs out of room.
  navigator.storage?.persist?.().catch(() => {});
}

// One account under another name: the one before goes in the same step.
export async function rename(before, account) {
  await change((store) => {
    store.put(account);
    store.delete(before);
  });
}

export async function forget(handle) {
  await change((store) => store.delete(handle));
}
