/* Lets the countdown run. Every page works without this file: then the page is loaded anew when
   the time is over. Plain ES5, for old phones. */
(function () {
  'use strict';
  var shown = document.getElementById('countdown');
  if (!shown) { return; }
  var spoken = document.getElementById('countdown-spoken');
  var pattern = shown.getAttribute('data-pattern');
  var then = shown.getAttribute('data-then');
  var total = parseInt(shown.getAttribute('data-seconds'), 10);
  if (isNaN(total)) { return; }
  var end = new Date().getTime() + total * 1000;
  var last = -1;
  var timer = null;

  function put(element, text) {
    if (element) { element.textContent = text; }
  }

  function sentence(left) {
    return pattern
      .replace('{minutes}', String(Math.floor(left / 60)))
      .replace('{seconds}', String(left % 60));
  }

  function close() {
    var open = document.getElementById('qr-open');
    var closed = document.getElementById('qr-closed');
    if (open) { open.parentNode.removeChild(open); }
    if (closed) {
      closed.removeAttribute('hidden');
      var notice = closed.getElementsByTagName('p')[0];
      if (notice) { put(spoken, notice.textContent); }
    }
  }

  function tick() {
    var left = Math.max(0, Math.ceil((end - new Date().getTime()) / 1000));
    if (left === last) { return; }
    last = left;
    put(shown, sentence(left));
    if (left === 30 || left === 10) { put(spoken, sentence(left)); }
    if (left > 0) { return; }
    clearInterval(timer);
    if (then === 'close') {
      close();
    } else {
      /* One second more than shown, so that the server's clock agrees that the time is over. */
      setTimeout(function () { location.replace(shown.getAttribute('data-reload')); }, 1000);
    }
  }

  /* The back button may bring a whole page back with what it showed: ask the server how it stands. */
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) { location.reload(); }
  });
  timer = setInterval(tick, 250);
  tick();
}());
