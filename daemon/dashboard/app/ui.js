// The library as the page uses it: `html` makes elements out of templates, and every value in one
// becomes a text node or an attribute. Nothing of the page ever parses markup.

import htm from "./vendor/htm.js";
import { Fragment, h, render } from "./vendor/preact.js";

export const html = htm.bind(h);
export { Fragment, render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
