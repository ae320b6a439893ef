const least = 600;
const most = 86_400;
/** The Go webhook draws from 79,200 to 86,400 seconds, both included. */
const jitterSpan = 7201;

/** The lifetime where nobody says anything: a day, the longest that EKS accepts. */
export const defaultTokenExpiration: number = most;

/** Raises a lifetime to what the API server accepts. */
export const raiseTokenExpiration = (seconds: number): number => Math.max(seconds, least);

/** Keeps a lifetime where both the API server and EKS accept it. */
export const clampTokenExpiration = (seconds: number): number =>
  Math.min(raiseTokenExpiration(seconds), most);

/** Shortens a lifetime of exactly the default by a draw in [0, 1), so that not all pods renew at once. */
export const jitterTokenExpiration = (seconds: number, jitter: number): number =>
  seconds === most ? seconds - Math.floor(jitter * jitterSpan) : seconds;
