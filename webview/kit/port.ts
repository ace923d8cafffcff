/**
 * The view's half of its port: `connect` gives the host's questions as typed functions and routes its news. Every
 * question settles, and of two questions with one name the newer wins. It never touches the page.
 */
import { PORT_VERSION } from "../../src/protocol/views/port.ts";
import type { ToHost, ToView, ViewName } from "../../src/protocol/views/port.ts";

/** What a webview gets from its editor, or a stand-in: post out, messages in, a place for own state. */
export interface Port {
  view: ViewName;
  post(message: ToHost): void;
  receive(handler: (message: ToView) => void): void;
  onClose(handler: () => void): void;
}

/** The host as the view sees it: the same methods, each answered later. */
export type Asked<Host> = {
  [Method in keyof Host]: Host[Method] extends (...args: infer Arguments) => infer Value
    ? (...args: Arguments) => Promise<Awaited<Value>>
    : never;
};

export type NewsHandlers<News extends { type: string }> = {
  [Type in News["type"]]: (news: Extract<News, { type: Type }>) => void;
};

/** A late answer to a question that was asked again meanwhile; callers may ignore it. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

interface Pending {
  method: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export function connect<Host, News extends { type: string }>(
  port: Port,
  handlers: NewsHandlers<News>,
  onProblem: (message: string) => void = () => {},
): Asked<Host> {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let isClosed = false;
  let isWelcome = false;

  const problem = (message: string): void => {
    port.post({ type: "problem", message });
    onProblem(message);
  };

  function ask(method: string, argument: unknown): Promise<unknown> {
    if (isClosed) return Promise.reject(new Error("view closed"));
    for (const [id, older] of pending) {
      if (older.method !== method) continue;
      pending.delete(id);
      older.reject(new Superseded(`${method} was asked again`));
    }
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      pending.set(id, { method, resolve, reject });
      port.post({ type: "ask", id, method, argument });
    });
  }

  port.receive((message) => {
    switch (message?.type) {
      case "welcome":
        if (message.version !== PORT_VERSION && !isWelcome) {
          problem(`the host speaks version ${message.version}, the view ${PORT_VERSION}. Hint: reload the window`);
        }
        isWelcome = true;
        return;
      case "answer": {
        const question = pending.get(message.id);
        if (!question) return;
        pending.delete(message.id);
        if (message.ok) question.resolve(message.value);
        else question.reject(new Error(message.error));
        return;
      }
      case "news": {
        const type = message.news?.type;
        const known = typeof type === "string" && Object.hasOwn(handlers, type);
        if (!known) problem(`unknown news from the host: ${String(type)}`);
        else (handlers as Record<string, (news: unknown) => void>)[type]!(message.news);
        return;
      }
      default:
        problem(`unknown message from the host: ${JSON.stringify(message)?.slice(0, 200)}`);
    }
  });

  port.onClose(() => {
    isClosed = true;
    for (const question of pending.values()) question.reject(new Error("view closed"));
    pending.clear();
  });

  port.post({ type: "ready", view: port.view, version: PORT_VERSION });
  return new Proxy({} as Asked<Host>, {
    get: (_, method) => (typeof method === "string" ? (argument: unknown) => ask(method, argument) : undefined),
  });
}

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** What a view remembers about itself while it is hidden; always plain data. */
export interface Memory<State> {
  read(): Partial<State>;
  write(change: Partial<State>): void;
}

/** The port and memory of the editor's webview that this script runs in. */
export function editorPort<State>(view: ViewName): { port: Port; memory: Memory<State> } {
  const api = acquireVsCodeApi();
  const port: Port = {
    view,
    post: (message) => api.postMessage(message),
    receive: (handler) => window.addEventListener("message", (event) => handler(event.data as ToView)),
    onClose: (handler) => window.addEventListener("pagehide", handler),
  };
  const read = (): Partial<State> => (api.getState() ?? {}) as Partial<State>;
  return { port, memory: { read, write: (change) => api.setState({ ...read(), ...change }) } };
}

/** Memory that lasts as long as the page, for the report. */
export function pageMemory<State>(): Memory<State> {
  let state: Partial<State> = {};
  return {
    read: () => state,
    write: (change) => {
      state = { ...state, ...change };
    },
  };
}
