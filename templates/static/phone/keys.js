// Keys of this phone. The browser makes them and gives them to no script: neither key can be exported. A
// script of this very origin could still use them here.

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const HMAC = { name: 'HMAC', hash: 'SHA-1' };

export const utf8 = (text) => new TextEncoder().encode(text);

export function toBase64(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function fromBase64(text) {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

// A new key pair: the private half stays in the browser, the public half is a point in base64url.
export async function newDeviceKey() {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ['sign']);
  const point = await crypto.subtle.exportKey('raw', pair.publicKey);
  return { signing: pair.privateKey, point: toBase64(point) };
}

export async function sign(key, text) {
  return toBase64(await crypto.subtle.sign(SIGNATURE, key, utf8(text)));
}

export async function sha256(bytes) {
  return toBase64(await crypto.subtle.digest('SHA-256', bytes));
}

// The shared secret as a key that calculates and cannot be read again.
export async function secretKey(bytes) {
  const key = await crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign']);
  bytes.fill(0);
  return key;
}

// The code of a time in seconds (RFC 6238 section 4.2, RFC 4226 section 5.3).
export async function codeAt(key, seconds, { digits, period }) {
  const step = Math.floor(seconds / period);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setUint32(0, Math.floor(step / 2 ** 32));
  counter.setUint32(4, step >>> 0);
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer));
  const number = mac.getUint32(mac.getUint8(mac.byteLength - 1) & 15) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}
