/** Places follow edits: against what a text search finds after the edit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TextDocument } from "vscode-languageserver-textdocument";
import { editOf, followRange, isBefore } from "../../src/language/places.ts";

/** Applies an edit to a text with «…» around a range, and gives the text with the followed range marked the same way. */
function follow(marked: string, before: string, after: string): string {
  const text = marked.replaceAll(/[«»]/g, "");
  const old = TextDocument.create("file:///a.py", "python", 1, text);
  const start = marked.indexOf("«");
  const end = marked.indexOf("»") - 1;
  const at = text.indexOf(before);
  assert.ok(at >= 0 && !text.includes(before, at + 1), `${before} must occur once`);
  const range = { start: old.positionAt(at), end: old.positionAt(at + before.length) };
  const edit = editOf(range, after);
  const followed = followRange({ start: old.positionAt(start), end: old.positionAt(end) }, edit);
  if (!followed) return "gone";
  const now = TextDocument.create(
    "file:///a.py",
    "python",
    2,
    text.slice(0, at) + after + text.slice(at + before.length),
  );
  const [from, to] = [now.offsetAt(followed.range.start), now.offsetAt(followed.range.end)];
  const shown = now.getText();
  return `${shown.slice(0, from)}«${shown.slice(from, to)}»${shown.slice(to)}${followed.isTouched ? " touched" : ""}`;
}

test("an edit before a place moves it", () => {
  assert.equal(follow("a = 1\nb = 2\n«c = 3»\n", "b = 2", "b = 2\nb = 4"), "a = 1\nb = 2\nb = 4\n«c = 3»\n");
  assert.equal(follow("a = 1\nb = 2\n«c = 3»\n", "a = 1\nb = 2\n", ""), "«c = 3»\n");
  assert.equal(follow("f(a, «g(b)»)", "a", "long"), "f(long, «g(b)»)");
  assert.equal(follow("f(a, «g(\n b)»)", "a", "x\n"), "f(x\n, «g(\n b)»)");
});

test("an edit behind a place leaves it alone", () => {
  assert.equal(follow("«a = 1»\nb = 2\n", "b = 2", "b = 3\n"), "«a = 1»\nb = 3\n\n");
  assert.equal(follow("f(«g(b)», a)", "a", "c"), "f(«g(b)», c)");
});

test("an edit inside a place makes it longer or shorter, and touches it", () => {
  assert.equal(follow("«a = 1 + 2»\n", "1", "100"), "«a = 100 + 2»\n touched");
  assert.equal(follow("«a = f(\n  1,\n)»\nb", "1,", "1,\n  2,"), "«a = f(\n  1,\n  2,\n)»\nb touched");
});

test("typing right behind a statement touches it, a new line there does not", () => {
  assert.equal(follow("«a = b»!", "!", "c"), "«a = b»c touched");
  assert.equal(follow("«a = b»!", "!", "\n"), "«a = b»\n");
});

test("an edit over an end cuts the place, an edit over all of it takes it away", () => {
  assert.equal(follow("a\n«b\nc\nd»\ne", "a\nb", "x"), "x«\nc\nd»\ne touched");
  assert.equal(follow("a\n«b\nc\nd»\ne", "d\ne", "x"), "a\n«b\nc\nx» touched");
  assert.equal(follow("a\n«b»\nc", "b", "z"), "gone");
  assert.equal(follow("a\n«b»\nc", "a\nb\nc", ""), "gone");
});

test("positions are ordered by line, then by character", () => {
  assert.ok(isBefore({ line: 1, character: 9 }, { line: 2, character: 0 }));
  assert.ok(!isBefore({ line: 2, character: 3 }, { line: 2, character: 3 }));
});
