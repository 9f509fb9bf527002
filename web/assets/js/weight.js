// The length of a text as X counts it (twitter-text, configuration 3): characters of most Latin
// scripts and common punctuation weigh 1, all others 2, so that many Vietnamese vowels with a tone
// weigh 2; an emoji weighs 2 however it is built, a link 23. The server counts again before sending.
const light = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
const url = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'…]|(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|info|vn|io|co|me|app|dev|shop|xyz|ly|be|uk|de|fr|jp|us)(?![\w-])(?:\/[^\s<>"]*[^\s<>".,;:!?)\]}'…])?/giu;
const emoji = /\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3|(?:\p{Emoji_Presentation}\uFE0F?|\p{Extended_Pictographic}\uFE0F)\p{EMod}?(?:\u200D\p{Extended_Pictographic}\uFE0F?\p{EMod}?)*/gu;
const leadingMentions = /^(?:\s*@\w{1,15}(?=\s|$))+\s*/;

// weight returns the weighted length; a reply's leading @mentions are not counted.
export function weight(text, { reply = false } = {}) {
  let rest = text.normalize("NFC");
  if (reply) rest = rest.replace(leadingMentions, "");
  let sum = 0;
  const take = (pattern, each) => { rest = rest.replace(pattern, () => { sum += each; return ""; }); };
  take(url, 23);
  take(emoji, 2);
  for (const char of rest) {
    const code = char.codePointAt(0);
    sum += light.some(([low, high]) => code >= low && code <= high) ? 1 : 2;
  }
  return sum;
}
