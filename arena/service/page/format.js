// Numbers, times and outcomes as people read them.

/** 0.7134 -> "0.713" */
export const share = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

/** A score between 0 and 1: "0.713", "< 0.001" */
export const score = (value) => (value > 0 && value < 0.0005 ? "< 0.001" : share(value));

/** Scores nearer to 0 or 1 than this are taken for this far. */
const LEAST = 1e-6;

/**
 * How high a score is beside the alarm threshold: 1 is right at it, 2 twice as high. In odds, so that it grows evenly
 * from 0 to 1; null for a detector that never raises the alarm.
 */
export function alarmLevel(score, threshold) {
  const odds = (value) => Math.min(Math.max(value, LEAST), 1 - LEAST) / (1 - Math.min(Math.max(value, LEAST), 1 - LEAST));
  return threshold > 1 ? null : odds(score) / odds(threshold);
}

/** An alarm level: "3.2 ×", "12 %" */
export function times(level) {
  if (level === null) return "no alarm";
  if (level >= 100) return "> 100 ×";
  if (level >= 1) return `${level.toFixed(level < 10 ? 1 : 0)} ×`;
  return level < 0.01 ? "< 1 %" : `${Math.floor(100 * level)} %`;
}

/** 0.7134 -> "71 %" */
export const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`);

/** "0.66–0.76" */
export const interval = (low, high) => `${share(low, 2)}–${share(high, 2)}`;

/** 12345 -> "12,345"; 1234567 -> "1.23 M" */
export function count(value) {
  return value < 1e6 ? Math.round(value).toLocaleString("en") : `${(value / 1e6).toPrecision(3)} M`;
}

/** Seconds -> "3.2 s", "4 min 10 s", "2 h 5 min" */
export function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Seconds since 1970 -> "2025-03-09 14:05" on this machine's clock */
export function moment(seconds) {
  const date = new Date(1000 * seconds);
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A p-value: "0.034", "< 0.001" */
export const pValue = (value) => (value < 0.001 ? "< 0.001" : value.toFixed(3));

/** "3 rounds", "1 round" */
export const plural = (number, noun, nouns = `${noun}s`) => `${count(number)} ${number === 1 ? noun : nouns}`;

/** A short value of a setting. */
export const setting = (value) => (value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Whether a process is at a match. */
export const isUnderWay = ({ status }) => status === "playing" || status === "starting";

/** "B wins, clear", "A wins, too close", "B wins, degenerate", "A wins by forfeit" */
export function outcome(verdict) {
  if (verdict.forfeit) return `${verdict.winner} wins by forfeit`;
  if (verdict.degenerate) return `${verdict.winner} wins, degenerate`;
  return `${verdict.winner} wins, ${verdict.too_close ? "too close" : "clear"}`;
}

/** Who has won a round by merit and beyond chance: "A", "B" or null. */
export function clearWinner(verdict) {
  return verdict === null || verdict.degenerate || verdict.forfeit || verdict.too_close ? null : verdict.winner;
}

/** What the detector is good for where its own alarm threshold decides: "catches 34 % of the fakes at 4.6 % false alarms" */
export const inUse = ({ tpr, tnr }) => `catches ${percent(tpr)} of the fakes at ${(100 * (1 - tnr)).toFixed(1)} % false alarms`;

/** The service's words, which begin small and end without a full stop, as the page's own begin and end. */
export const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? "" : ".");
