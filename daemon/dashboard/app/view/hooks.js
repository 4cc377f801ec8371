// What views need again and again: the page's state, the time, and the address.

import { useEffect, useState } from "../ui.js";
import { live } from "../live.js";
import { parse } from "../lib/route.js";

/** The page's state; draws anew when it changes. */
export function useLive() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((it) => it + 1);
    // What changed between the first drawing and now was told to nobody.
    again();
    return live.watch(again);
  }, []);
  return live;
}

/** The present, every so many milliseconds. */
export function useNow(every) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** The address. */
export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const turn = () => setRoute(parse(location.hash));
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
  }, []);
  return route;
}
