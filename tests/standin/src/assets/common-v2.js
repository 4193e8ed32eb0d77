// Scripts of the stand-in: the login modal, dialogs, the captcha, the clock, tables. No library.
(function () {
  'use strict';
  var ctx = document.body.getAttribute('data-context');

  // As jQuery's .load(): nothing happens when the answer is an error.
  function load(url, place, then) {
    fetch(url, { credentials: 'same-origin', headers: { 'X-Requested-With': 'XMLHttpRequest' } })
      .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
      .then(function (html) { place.innerHTML = html; then(place); })
      .catch(function () {});
  }

  function show(place) {
    var modal = place.querySelector('.modal');
    if (!modal) { return; }
    modal.classList.add('show');
    var first = modal.querySelector('input:not([type=hidden]), button');
    if (first) { first.focus(); }
  }

  document.addEventListener('click', function (event) {
    var target = event.target;
    if (target.matches('[data-dismiss=modal]') || target.matches('.modal')) {
      event.preventDefault();
      target.closest('.modal').classList.remove('show');
    }
    var link = target.closest('a');
    if (!link) { return; }
    if (link.id === 'login') {
      event.preventDefault();
      load(link.getAttribute('data-load'), document.getElementById('loginloader'), show);
    } else if (link.id === 'newCaptcha') {
      event.preventDefault();
      document.getElementById('imgCaptcha').src = ctx + '/captcha/showcaptcha?' + Date.now();
    } else if (link.matches('.dialog')) {
      event.preventDefault();
      load(link.href, dialog(), show);
    }
  });

  document.addEventListener('keydown', function (event) {
    var open = document.querySelector('.modal.show');
    if (event.key === 'Escape' && open) { open.classList.remove('show'); }
  });

  function dialog() {
    var place = document.getElementById('dialog');
    if (!place) {
      place = document.createElement('div');
      place.id = 'dialog';
      place.innerHTML = '<div class="modal"><div class="modal-dialog"><div class="modal-content"><div class="modal-header"><a href="#" class="close" data-dismiss="modal" aria-label="Tutup">&times;</a></div><div class="modal-body"></div></div></div></div>';
      document.body.appendChild(place);
    }
    place.querySelector('.modal').classList.add('show');
    return place.querySelector('.modal-body');
  }

  // The clock asks for the server's time once and every minute, as jclock does.
  var MONTHS = ['Januari', 'Februari', 'Maret', 'April', 'Mei', 'Juni', 'Juli', 'Agustus', 'September', 'Oktober', 'November', 'Desember'];
  function two(number) { return (number < 10 ? '0' : '') + number; }
  function clock() {
    fetch(ctx + '/json/getservertime', { credentials: 'same-origin' })
      .then(function (answer) { return answer.text(); })
      .then(function (text) {
        var ms = Number(text);
        if (!ms) { return; }
        var date = new Date(ms + 8 * 3600 * 1000);
        document.getElementById('jclock').textContent = date.getUTCDate() + ' ' + MONTHS[date.getUTCMonth()] + ' ' + date.getUTCFullYear() + ' ' + two(date.getUTCHours()) + ':' + two(date.getUTCMinutes()) + ' WITA';
      })
      .catch(function () {});
  }
  if (document.getElementById('jclock')) {
    clock();
    setInterval(clock, 60000);
  }

  // Tables, as DataTables with server-side processing.
  var LENGTH = 10;
  function cell(row, text, href) {
    var place = row.insertCell();
    if (href) {
      var link = document.createElement('a');
      link.href = href;
      link.textContent = text;
      place.appendChild(link);
    } else {
      place.textContent = text;
    }
  }
  function fill(table, page) {
    var get = table.getAttribute('data-method') === 'get';
    var search = document.getElementById('dtSearch');
    var d = { draw: page + 1, start: page * LENGTH, length: LENGTH, 'search[value]': search ? search.value : '' };
    if (window.dtParams) { window.dtParams(d); }
    var url = table.getAttribute('data-dt');
    var fields = new URLSearchParams(d).toString();
    if (get) { url += (url.indexOf('?') < 0 ? '?' : '&') + fields; }
    var options = { credentials: 'same-origin', headers: { 'X-Requested-With': 'XMLHttpRequest' } };
    if (!get) {
      options.method = 'POST';
      options.body = fields;
      options.headers['Content-Type'] = 'application/x-www-form-urlencoded; charset=UTF-8';
    }
    var body = table.tBodies[0];
    fetch(url, options)
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(answer.status); })
      .then(function (result) {
        body.textContent = '';
        result.data.forEach(function (line) {
          var row = body.insertRow();
          var base = table.getAttribute('data-link');
          cell(row, line[0]);
          cell(row, line[1], base ? base + line[0] + '/' + table.getAttribute('data-tab') : null);
          cell(row, line[2]);
          cell(row, line[3]);
          cell(row, line[4]);
        });
        pager(table, page, Math.ceil(result.recordsFiltered / LENGTH));
      })
      .catch(function () { body.innerHTML = '<tr><td colspan="5">Gagal memuat data.</td></tr>'; });
  }
  function pager(table, page, count) {
    var place = document.getElementById('dtPager');
    if (!place) { return; }
    place.textContent = '';
    for (var n = 0; n < count; n += 1) {
      var link = document.createElement('a');
      link.href = '#';
      link.textContent = n + 1;
      link.className = n === page ? 'active' : '';
      link.addEventListener('click', function (n, event) { event.preventDefault(); fill(table, n); }.bind(null, n));
      place.appendChild(link);
    }
  }
  document.querySelectorAll('table[data-dt]').forEach(function (table) {
    fill(table, 0);
    var search = document.getElementById('dtSearch');
    if (search) { search.addEventListener('input', function () { fill(table, 0); }); }
  });
}());
