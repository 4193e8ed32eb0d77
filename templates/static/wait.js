/* Goes on by itself once the phone has joined or answered: by a stream of events, else by asking again
   and again. The page works without this file: then it is loaded anew from time to time, and its button
   goes on. Plain ES5, for old browsers. */
(function () {
  'use strict';
  var form = document.getElementById('by-phone');
  /* A page that was ready when it came waits for its button: it may have been sent before, and refused. */
  if (!form || form.getAttribute('data-ready')) { return; }
  var events = form.getAttribute('data-events');
  var poll = form.getAttribute('data-poll');
  var page = form.getAttribute('data-page');
  var over = false;

  /* Whoever is told needs no button. */
  function heard() { form.hidden = true; }

  function told(standing) {
    if (over || standing === 'waiting') { return; }
    over = true;
    if (standing === 'ready') {
      form.submit();
    } else if (page) {
      location.replace(page);
    }
  }

  function ask() {
    if (over) { return; }
    var request = new XMLHttpRequest();
    request.open('GET', poll);
    request.timeout = 40000;
    request.onloadend = function () {
      var standing;
      try { standing = JSON.parse(request.responseText).standing; } catch (ignored) { }
      if (standing) { heard(); } else { form.hidden = false; }
      told(standing || 'waiting');
      /* An answer that came at once must not be asked for in a hurry. */
      if (!over) { setTimeout(ask, 2000); }
    };
    request.send();
  }

  if (!window.EventSource) { ask(); return; }
  var listening = false;
  var asking = false;
  var source = new EventSource(events);
  function instead() {
    source.close();
    if (!asking) { asking = true; ask(); }
  }
  source.onmessage = function (event) {
    listening = true;
    heard();
    told(event.data);
    if (over) { source.close(); }
  };
  source.onerror = function () {
    /* Refused, or held back on the way; while it only broke off, the browser asks again itself. */
    if (source.readyState === 2) { instead(); }
  };
  setTimeout(function () {
    if (!listening) { instead(); }
  }, 5000);
}());
