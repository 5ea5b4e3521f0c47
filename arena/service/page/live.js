// One stream of events for the whole page. A broken one goes on after the last event that was heard, so none is missed.
//
// Subscribe first, then ask for what there is, and take what arrives twice once: then nothing falls in between.
// "resync" is sent when the stream (re)opens: what was asked for before may be out of date.

const NAMES = ["match", "round", "end", "note", "playing", "progress"];
const FIRST_WAIT = 500;
const LONGEST_WAIT = 4000;

const events = new EventTarget();
let source = null;
let last = null;
let wait = FIRST_WAIT;
let retry = 0;

export const live = {
  /** @type {"connecting" | "connected" | "reconnecting"} */
  state: "connecting",

  /**
   * Hear of an event of the service (match, round, end, note, playing, progress), of "resync" or of "state".
   * @param {string} name  @param {(data: any) => void} handler  @param {AbortSignal} [signal] ends it
   */
  on(name, handler, signal) {
    events.addEventListener(name, (event) => handler(event.detail), { signal });
  },

  /** Begin to listen; a page nobody looks at does not, because a browser only has six connections to a service. */
  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", connect);
    connect();
  },
};

function connect() {
  if (source !== null || document.hidden) return;
  source = new EventSource(last === null ? "/api/events" : `/api/events?after=${encodeURIComponent(last)}`);
  source.onopen = () => {
    wait = FIRST_WAIT;
    enter("connected");
    tell("resync");
  };
  source.onerror = () => {
    disconnect();
    enter("reconnecting");
    retry = setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  };
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      last = event.lastEventId;
      tell(name, JSON.parse(event.data));
    });
  }
}

function disconnect() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function enter(state) {
  if (live.state === state) return;
  live.state = state;
  tell("state", state);
}

function tell(name, detail) {
  events.dispatchEvent(new CustomEvent(name, { detail }));
}
