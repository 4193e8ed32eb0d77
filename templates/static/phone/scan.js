// Reads a QR code with the camera: with what the browser has for it, else with a library.

const PAUSE_MS = 150;
// Larger pictures take an old phone seconds and find nothing more.
const SIDE_MAX = 720;

async function reader() {
  if ('BarcodeDetector' in window) {
    const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (known.includes('qr_code')) {
      const detector = new BarcodeDetector({ formats: ['qr_code'] });
      return async (canvas) => (await detector.detect(canvas))[0]?.rawValue;
    }
  }
  const { decodeQR } = await import('./qr.js');
  return async (canvas, context) => {
    const { width, height } = canvas;
    try {
      return decodeQR(context.getImageData(0, 0, width, height));
    } catch {
      // No code in this picture.
      return undefined;
    }
  };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

// Looks until `wanted` takes what it reads; the text, or undefined once `signal` ends it. Throws where
// there is no camera or it was refused.
export async function scan(video, signal, wanted) {
  const facing = { video: { facingMode: 'environment' } };
  const stream = await navigator.mediaDevices.getUserMedia(facing);
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  try {
    if (signal.aborted) return undefined;
    video.srcObject = stream;
    await video.play();
    const read = await reader();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    while (!signal.aborted) {
      const { videoWidth, videoHeight } = video;
      const part = Math.min(1, SIDE_MAX / Math.max(videoWidth, videoHeight, 1));
      canvas.width = Math.max(1, Math.round(videoWidth * part));
      canvas.height = Math.max(1, Math.round(videoHeight * part));
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = await read(canvas, context);
      if (text && wanted(text)) return text;
      await pause();
    }
    return undefined;
  } finally {
    stop();
    // Another look may have begun on it.
    if (video.srcObject === stream) video.srcObject = null;
  }
}
