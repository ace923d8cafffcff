/** The interpreter: calls, scripts, imports, failures, packages of an environment, resets. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lab, LabError } from "./fixtures/lab.ts";
import { workspace } from "./fixtures/place.ts";

let lab: Lab;
before(async () => {
  lab = await Lab.open({}, "first line\nsecond");
});
after(() => lab.close());

/** Runs one file in a workspace of its own. */
async function run(text: string, files: Record<string, string> = {}, argv: string[] = []) {
  const root = workspace({ "main.py": text, ...files });
  await lab.mount({ root });
  return { root, ...(await lab.run(join(root, "main.py"), ...argv)) };
}

describe("scripts", () => {
  test("run as __main__ with CPython's argv, path, name, file and working folder", async () => {
    const { root, text, exitCode } = await run(
      "import sys, os\nprint(__name__, __file__, sys.argv, sys.path[0], os.getcwd(), sep='\\n')",
      {},
      ["--epochs", "3"],
    );
    assert.equal(exitCode, 0);
    const main = join(root, "main.py");
    assert.deepEqual(text.trim().split("\n"), ["__main__", main, `['${main}', '--epochs', '3']`, root, root]);
  });

  test("import neighbours, packages and relatives", async () => {
    const { text } = await run("from package.inner import value\nimport helper\nprint(value, helper.name)", {
      "package/__init__.py": "",
      "package/inner.py": "from .other import base\nvalue = base + 1",
      "package/other.py": "base = 41",
      "helper.py": "name = __name__",
    });
    assert.equal(text, "42 helper\n");
  });

  test("read data beside them", async () => {
    const { text } = await run("import pathlib\nprint(pathlib.Path(__file__).with_name('data.txt').read_text())", {
      "data.txt": "sizes",
    });
    assert.equal(text, "sizes\n");
  });

  test("end with the exit code they ask for", async () => {
    assert.equal((await run("import sys; sys.exit(7)")).exitCode, 7);
    assert.equal((await run("raise SystemExit")).exitCode, 0);
    assert.equal((await run("import os; os._exit(4)")).exitCode, 4);
    const said = await run("import sys; sys.exit('too bad')");
    assert.deepEqual([said.exitCode, said.text], [1, "too bad\n"]);
  });

  test("run what they registered for their end", async () => {
    const { text } = await run("import atexit\natexit.register(print, 'closing')\nprint('open')");
    assert.equal(text, "open\nclosing\n");
  });

  test("keep the order of both streams", async () => {
    const { text } = await run("import sys\nfor i in range(3):\n  print(i)\n  print(-i, file=sys.stderr)");
    assert.equal(text, "0\n0\n1\n-1\n2\n-2\n");
  });

  test("read standard input up to its end", async () => {
    const { text } = await run("print([input(), input()])\ntry: input()\nexcept EOFError as error: print(error)");
    assert.equal(text, "['first line', 'second']\nEOF when reading a line\n");
  });

  test("use asyncio's timers and tasks", async () => {
    const { text } = await run(
      "import asyncio\nasync def work(n):\n  await asyncio.sleep(0.01 * n)\n  return n\n" +
        "async def main():\n  return await asyncio.gather(*map(work, range(3)))\nprint(asyncio.run(main()))",
    );
    assert.equal(text, "[0, 1, 2]\n");
  });

  test("see a different random state in each life", async () => {
    const first = await run("import random; print(random.random())");
    await lab.reset();
    const second = await run("import random; print(random.random())");
    assert.notEqual(first.text, second.text);
  });
});

describe("failures", () => {
  test("carry frames with exact ranges, and CPython's text", async () => {
    const { root, failure, exitCode } = await run("def f(x):\n    return (x +\n            1 / 0)\n\nf(1)\n");
    assert.equal(exitCode, 1);
    assert.equal(failure?.kind, "model");
    assert.equal(failure?.type, "ZeroDivisionError");
    const file = join(root, "main.py");
    assert.deepEqual(failure?.at, { file, line: 3, endLine: 3, col: 12, endCol: 17 });
    assert.deepEqual(
      failure?.frames?.map((frame) => [frame.function, frame.line, frame.isUser]),
      [
        ["<module>", 5, true],
        ["f", 3, true],
      ],
    );
    assert.equal(
      failure?.traceback,
      `Traceback (most recent call last):\n  File "${file}", line 5, in <module>\n    f(1)\n    ~^^^\n` +
        `  File "${file}", line 3, in f\n    1 / 0)\n    ~~^~~\nZeroDivisionError: division by zero\n`,
    );
  });

  test("count columns as editors do", async () => {
    const { failure } = await run("name = '𝄞é'; 1 / 0\n");
    assert.deepEqual([failure?.at?.col, failure?.at?.endCol], [14, 19]);
  });

  test("place syntax errors", async () => {
    const { failure, root } = await run("x = 1\ny = '𝄞' +* 2\n");
    assert.equal(failure?.type, "SyntaxError");
    assert.deepEqual(failure?.at, { file: join(root, "main.py"), line: 2, endLine: 2, col: 10, endCol: 11 });
    assert.match(failure?.traceback ?? "", /^ {2}File .*line 2\n.*\n.*\^\nSyntaxError: invalid syntax/m);
  });

  test("show causes", async () => {
    const { failure } = await run(
      "try:\n  {}['a']\nexcept KeyError as e:\n  raise RuntimeError('no weights') from e\n",
    );
    assert.equal(failure?.message, "no weights");
    assert.match(failure?.traceback ?? "", /KeyError: 'a'\n\nThe above exception was the direct cause/);
  });

  test("name the innermost line of the user, not of a library", async () => {
    const { failure } = await run("import json\njson.loads('{')\n");
    assert.equal(failure?.at?.line, 2);
    assert.equal(failure?.frames?.at(-1)?.isUser, false);
  });

  test("of a core function are Python's own, without places on the host", async () => {
    const { text } = await run(
      "import _core, traceback\ntry: _core.boom()\nexcept Exception as e: print(type(e).__name__, traceback.format_exc())",
    );
    assert.match(text, /^SystemError Traceback[^]*SystemError: the core failed/);
    assert.doesNotMatch(text, /file:|\.ts|node_modules/);
  });

  test("pass through the core as they are", async () => {
    const { text } = await run(
      "import _core, builtins\ndef fail(x): raise ValueError(x)\nbuiltins.fail = fail\n" +
        "try: _core.call_back('builtins:fail', 3)\nexcept ValueError as error: print('caught', error)",
    );
    assert.equal(text, "caught 3\n");
  });

  test("of deep recursion stay small", async () => {
    const { failure, text } = await run("import sys\nsys.setrecursionlimit(10**8)\ndef f(n): return f(n + 1)\nf(0)");
    assert.equal(failure?.type, "RecursionError");
    assert.equal(failure?.at?.line, 3);
    assert.ok((failure?.frames?.length ?? 0) <= 220);
    assert.equal(text, "");
  });

  test("a hook of the user shows them instead of us", async () => {
    const { failure, text } = await run("import sys\nsys.excepthook = lambda *e: print('mine', e[1])\n1/0");
    assert.equal(text, "mine division by zero\n");
    assert.equal(failure?.traceback, undefined);
  });

  test("of memory leave the interpreter usable", async () => {
    const { failure } = await run("kept = []\nwhile True: kept.append(bytearray(64 << 20))");
    assert.equal(failure?.type, "MemoryError");
    assert.equal(failure?.at?.line, 2);
    assert.equal((await run("print('on')")).text, "on\n");
    await lab.reset();
  });
});

describe("calls", () => {
  test("take and give plain values", async () => {
    assert.equal(await lab.call("math:hypot", 3, 4), 5);
    assert.deepEqual(await lab.call("builtins:sorted", ["b", "a"]), ["a", "b"]);
    assert.equal(await lab.callPython("math:hypot", 3, 4), 5);
  });

  test("throw what Python raised", async () => {
    await assert.rejects(lab.call("math:sqrt", -1), (error: LabError) => error.failure?.type === "ValueError");
    await assert.rejects(lab.call("math:nothing"), (error: LabError) => error.failure?.type === "AttributeError");
  });

  test("load a file as a module of its package", async () => {
    const root = workspace({
      "models/__init__.py": "",
      "models/part.py": "width = 4",
      "models/net.py": "from .part import width\nfrom models import part\nclass Net: size = width * 2\nprint(__name__)",
    });
    await lab.mount({ root });
    const file = join(root, "models", "net.py");
    await lab.printed();
    await lab.call("layerwise_probe:describe", file, root);
    assert.equal(await lab.printed(), "models.net\nNet 8\n");
  });
});

describe("overlays", () => {
  test("win over the disk, also for imports and tracebacks", async () => {
    const root = workspace({ "main.py": "print('disk')", "part.py": "value = 'disk'" });
    const overlay = {
      [join(root, "main.py")]: "import part\nprint(part.value)\n1/0",
      [join(root, "part.py")]: "value = 'editor'",
    };
    await lab.reset();
    await lab.mount({ root, overlay });
    const { text, failure } = await lab.run(join(root, "main.py"));
    assert.equal(text, "editor\n");
    assert.match(failure?.traceback ?? "", /line 3, in <module>\n {4}1\/0/);
  });

  test("add files that were never saved", async () => {
    const root = workspace({});
    await lab.mount({ root, overlay: { [join(root, "new.py")]: "import os\nprint(os.listdir('.'))" } });
    assert.equal((await lab.run(join(root, "new.py"))).text, "['new.py']\n");
  });
});

describe("packages", () => {
  function environment(): string {
    const root = workspace({
      "pure/__init__.py": "value = 'pure'",
      "single.py": "value = 'single'",
      "mixed/__init__.py": "",
      "mixed/_speedups.cpython-311-x86_64-linux-gnu.so": "",
      "yaml/__init__.py": "value = 'without'",
      "yaml/_yaml.cpython-311-x86_64-linux-gnu.so": "",
      "faketorch/__init__.py": "value = 'theirs'",
    });
    return root;
  }

  test("of an environment import when they are pure Python", async () => {
    await lab.reset();
    const root = workspace({ "main.py": "import pure, single, yaml\nprint(pure.value, single.value, yaml.value)" });
    await lab.mount({ root });
    await lab.environment(environment());
    assert.equal((await lab.run(join(root, "main.py"))).text, "pure single without\n");
  });

  test("with compiled parts are refused in one sentence", async () => {
    await lab.reset();
    const root = workspace({ "main.py": "import mixed" });
    await lab.mount({ root });
    await lab.environment(environment());
    const { failure } = await lab.run(join(root, "main.py"));
    assert.equal(failure?.type, "ModuleNotFoundError");
    assert.match(failure?.message ?? "", /^'mixed' has parts compiled for your machine \(mixed\/_speedups/);
    assert.equal(failure?.at?.line, 1);
  });

  test("known to be compiled are refused without an environment too", async () => {
    await lab.reset();
    const { failure } = await run("import scipy.stats");
    assert.match(failure?.message ?? "", /'scipy' has parts compiled/);
    assert.doesNotMatch(failure?.traceback ?? "", /micropip|pyodide/);
  });

  test("never shadow our own", async () => {
    await lab.reset();
    const root = workspace({ "main.py": "import faketorch\nprint(faketorch.ones(2).size())" });
    await lab.mount({ root });
    await lab.environment(environment());
    assert.equal((await lab.run(join(root, "main.py"))).text, "2\n");
  });

  test("missing are simply missing, with a hint", async () => {
    await lab.reset();
    const { failure } = await run("import no_such_package");
    assert.equal(failure?.message, "No module named 'no_such_package'");
    assert.match(failure?.hint ?? "", /--env/);
  });
});

describe("resets", () => {
  const damage = [
    "import builtins; builtins.print = None",
    "import sys; sys.modules.clear()",
    "import faketorch; faketorch.Tensor.__add__ = None",
    "import gc; gc.disable(); a = []; a.append(a)",
    "import os; os.close(1)",
    "import sys; sys.stdout = None",
    "open('/tmp/left', 'w').write('x'); import os; os.chdir('/')",
    "import json; json.loads = None; json.dumps = None",
    "import os; f = [open('/dev/null') for _ in range(50)]",
    "x = bytearray(100 << 20)",
    "from pyodide.ffi import to_js, create_proxy; import _core; k = [to_js([i]) for i in range(99)], create_proxy(print), _core.echo",
  ];
  const probe =
    "import faketorch, sys, os, json\nx = faketorch.ones(3) + faketorch.ones(4)\n" +
    "left = [n for n in os.listdir('/tmp') if not n.startswith('layerwise-')]\n" +
    "print(x.size(), len(sys.modules), left, os.listdir('/proc/self/fd'), faketorch.starts, json.dumps([1]))";

  test("give byte-identical output after any damage", async () => {
    await lab.reset();
    const root = workspace({ "probe.py": probe, ...Object.fromEntries(damage.map((text, i) => [`d${i}.py`, text])) });
    await lab.mount({ root });
    const clean = await lab.run(join(root, "probe.py"));
    assert.match(clean.text, /^7 \d+ \[\] \[.*\] \[0\] \[1\]\n$/);
    for (const [index, text] of damage.entries()) {
      await lab.mount({ root });
      await lab.call("layerwise.runner:run_script", join(root, `d${index}.py`), []).catch(() => {});
      await lab.reset();
      await lab.mount({ root });
      assert.equal((await lab.run(join(root, "probe.py"))).text, clean.text, text);
    }
  });

  test("forget the core's handles", async () => {
    await run("import faketorch\nkeep = [faketorch.ones(i) for i in range(10)]");
    assert.ok((await lab.live()) >= 10);
    await lab.reset();
    assert.equal(await lab.live(), 0);
  });

  test("survive 200 rounds without growing", async () => {
    const root = workspace({
      "main.py": "import faketorch\nx = [bytearray(1 << 20) for _ in range(20)]\nprint(faketorch.ones(1).size())",
    });
    const before = await lab.memory();
    for (let round = 0; round < 200; round += 1) {
      await lab.reset();
      await lab.mount({ root });
      assert.equal((await lab.run(join(root, "main.py"))).text, "1\n");
    }
    assert.ok((await lab.memory()) - before < 64 << 20);
  });
});

test("source of our packages can be read inside", async () => {
  const { text } = await run("import inspect, faketorch\nprint(inspect.getsource(faketorch.ones))");
  assert.match(text, /def ones\(n\):/);
});
