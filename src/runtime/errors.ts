/** Errors that reach the user's Python: each carries the class that PyTorch raises, and its words. */

export class PythonError extends Error {
  /** The Python class to raise. */
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export class RuntimeError extends PythonError {
  constructor(message: string) {
    super("RuntimeError", message);
  }
}

export class ValueError extends PythonError {
  constructor(message: string) {
    super("ValueError", message);
  }
}

export class TypeError_ extends PythonError {
  constructor(message: string) {
    super("TypeError", message);
  }
}

export class IndexError extends PythonError {
  constructor(message: string) {
    super("IndexError", message);
  }
}

/** An op, dtype or option that PyTorch has and we do not have yet. Never answered by another computation. */
export class NotImplementedError extends PythonError {
  constructor(what: string) {
    super("NotImplementedError", `${what} is not supported yet; docs/ops.md lists what is`);
  }
}

export class OutOfMemoryError extends PythonError {
  /** Takes it off the device's books: the call is tried again, and nobody sees this error. */
  readonly forget: () => void;
  constructor(message: string, forget: () => void = () => undefined) {
    super("torch.OutOfMemoryError", message);
    this.forget = forget;
  }
}
