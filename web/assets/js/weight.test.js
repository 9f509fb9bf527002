import assert from "node:assert/strict";
import test from "node:test";
import { weight } from "./weight.js";

const cases = [
  ["empty", "", 0],
  ["English", "We are sorry, Lan.", 18],
  ["Vietnamese letters of Latin Extended-A count once", "đăâêôơư", 7],
  ["Vietnamese vowels with a tone below or above a mark count twice", "ạếộ", 6],
  ["decomposed text counts as composed", "e\u0302\u0301", 2],
  ["curly quotes and dashes count once", "“a” – b", 7],
  ["an ellipsis counts twice", "…", 2],
  ["Japanese counts twice", "日本", 4],
  ["an emoji counts two", "☕️", 2],
  ["a family is one emoji", "👨‍👩‍👧‍👦", 2],
  ["a skin tone belongs to its emoji", "👍🏽", 2],
  ["a flag is one emoji", "🇻🇳", 2],
  ["a keycap is one emoji", "1️⃣", 2],
  ["digits are digits", "0123", 4],
  ["a link counts 23 however long", "https://example.com/a/very/long/path?with=query&and=more#fragment", 23],
  ["a short link counts 23 too", "http://a.vn", 23],
  ["a link without a scheme", "xem saomai.vn/menu nhé", 31],
  ["a full stop after a link is not part of it", "https://a.vn/x.", 24],
  ["an address of mail is no link", "a@saomai.vn", 11],
  ["a sentence without a space is no link", "Xong.Cảm ơn", 12],
];
for (const [name, text, want] of cases) {
  test(name, () => assert.equal(weight(text), want));
}

test("leading mentions of a reply are not counted", () => {
  assert.equal(weight("@lan_ng @minh Chào bạn", { reply: true }), 9);
  assert.equal(weight("@lan_ng Chào bạn", { reply: false }), 17);
  assert.equal(weight("Chào @lan_ng", { reply: true }), 12);
});
