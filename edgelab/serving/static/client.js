// Asks the server. Every answer that is not good becomes a Refusal, so that the page has one thing to show.

export class Refusal extends Error {
  /**
   * @param {string} message what to show
   * @param {{status?: number, images?: object[], id?: string, retryAfter?: number}} facts
   */
  constructor(message, facts = {}) {
    super(message);
    this.status = facts.status ?? 0;
    this.images = facts.images ?? [];
    this.id = facts.id ?? "";
    this.retryAfter = facts.retryAfter ?? 0;
  }
}

/**
 * Sends pictures and returns the server's answer, with the milliseconds and bytes that it took.
 * @param {string} address
 * @param {string} field of the form
 * @param {{blob: Blob, name: string}[]} pictures
 * @param {object} settings of the page
 * @param {AbortSignal} [signal]
 */
export async function post(address, field, pictures, settings, signal) {
  const form = new FormData();
  for (const { blob, name } of pictures) form.append(field, blob, name);
  const begin = performance.now();
  let response;
  try {
    response = await fetch(`${address}?lang=${settings.language}`, { method: "POST", body: form, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(settings.texts.offline);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer) throw refusal(response, answer, settings);
  const bytes = pictures.reduce((sum, { blob }) => sum + blob.size, 0);
  return { ...answer, roundTrip: performance.now() - begin, bytes };
}

function refusal(response, answer, settings) {
  const error = answer?.error;
  if (!error) return new Refusal(settings.texts.strange.replace("{status}", response.status), { status: response.status });
  return new Refusal(error.message, {
    status: response.status,
    images: error.images,
    id: error.request_id,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
  });
}
