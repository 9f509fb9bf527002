// Everything here makes pages quicker or safer to use; none of it is needed to use them.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-csp.js";
import "./theme.js";
import "./clock.js";
import "./compose.js";
import "./composer.js";
import "./copy.js";
import "./draft.js";
import "./keys.js";
import "./lease.js";
import "./live.js";
import "./once.js";
import "./place.js";
import "./presence.js";
import "./push.js";
import "./zone.js";
