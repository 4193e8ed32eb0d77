// Keeps the app so that its codes are there without a network. Nothing that the gateway says about an
// account is ever kept.

const KEEP = 'gerbang-authenticator-{version}';
const FILES = [{files}];
// What a notification says, by language.
const WORDS = {words};
const ICON = '{icon}';
// Without anybody's session: what is kept is the same for everybody, or nothing.
const OWN = { cache: 'reload', credentials: 'omit', redirect: 'error' };

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(KEEP)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, OWN))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => names.filter((name) => name.startsWith('gerbang-authenticator-') && name !== KEEP))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// The network first: an update is there at once. What is kept serves when it is gone.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(
    fetch(request).catch(async () => {
      const kept = await caches.open(KEEP);
      const ignoreSearch = request.mode !== 'navigate';
      return (await kept.match(request, { ignoreSearch })) ?? (request.mode === 'navigate'
        ? kept.match(FILES[0]) : Response.error());
    }),
  );
});

// A login waits. Browsers want every message to be shown; a newer one takes the place of the last.
self.addEventListener('push', (event) => {
  let lang;
  try {
    ({ lang } = event.data.json());
  } catch {
    // Shown all the same, in the first language.
  }
  const { title, body } = WORDS[lang] ?? WORDS.id;
  const options = { body, lang, icon: ICON, tag: 'login', renotify: true };
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener('notificationclick', (event) => {
  const { lang } = event.notification;
  event.notification.close();
  const page = FILES.find((file) => file.endsWith(`?lang=${lang}`)) ?? FILES[0];
  event.waitUntil(
    self.clients.matchAll({ type: 'window' }).then(([open]) => {
      if (!open) return self.clients.openWindow(page);
      // It may stand on what was said of an earlier login.
      open.postMessage('login');
      return open.focus();
    }),
  );
});
