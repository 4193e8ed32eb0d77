/* The button that prints. Without this file the browser's own menu prints the same page. Plain ES5. */
(function () {
  'use strict';
  var button = document.getElementById('print');
  if (button && window.print) {
    button.removeAttribute('hidden');
    button.addEventListener('click', function () { window.print(); });
  }
  /* The codes go with the page: the back button must not bring them back. */
  window.addEventListener('pagehide', function () {
    var codes = document.getElementById('codes');
    if (codes) { codes.parentNode.removeChild(codes); }
  });
}());
