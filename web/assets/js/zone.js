// Times are written by the server, in the zone that this browser is in: the cookie tells it. One that
// was chosen by hand is out of a script's reach and stays.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`kith_zone=${zone}`)) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `kith_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}
