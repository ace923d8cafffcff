/** python/onnx/_messages_gen.py: the messages of ONNX as the reader and writer of the runtime have them, under ONNX's own names. */
import { messages } from "../../src/runtime/onnx/schema.ts";
import type { Field } from "../../src/runtime/onnx/wire.ts";
import type { GeneratedFile } from "../generate.ts";

const nameOf = new Map(Object.entries(messages).map(([name, message]) => [message, name]));

export function onnxMessages(): GeneratedFile[] {
  const entries = Object.entries(messages).map(([name, fields]) => {
    const rows = Object.entries(fields).map(([number, field]) => `        ${row(Number(number), field)},\n`);
    return `    "${name}": (\n${rows.join("")}    ),\n`;
  });
  const content = `"""ONNX's messages: (number, name, type, is it repeated). Written by tools/generate.ts from src/runtime/onnx/schema.ts."""

MESSAGES = {
${entries.join("")}}
`;
  return [{ path: "python/onnx/_messages_gen.py", content }];
}

function row(number: number, { name, type, isRepeated, definedAs }: Field): string {
  const own = typeof type === "function" ? nameOf.get(type()) : type;
  if (own === undefined) throw new Error(`the message of ${name} has no name in the schema`);
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `(${number}, "${definedAs ?? snake}", "${own}", ${isRepeated ? "True" : "False"})`;
}
