"""Which files of a project import a file, directly or through others, nearest first. Reads text alone and runs nothing.

Looks at so many files and for so long; what it has read is kept until the file changes on the disk or in the editor.
"""

import os
import re
import time

_MOST_FILES = 600
_MOST_SECONDS = 1.0
_MOST_BYTES = 400_000
# A walk through the folders is good for so long, unless somebody knows better.
_FRESH_SECONDS = 1.0
_FAR = 3
_SKIPPED = {
    *("node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist", "wandb", "outputs", "runs", "logs"),
    *("data", "datasets", "checkpoints", "third_party", "vendor"),
}
_IMPORT = re.compile(
    r"^([ \t]*)(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]+)|import[ \t]+([^\n#;]+))", re.MULTILINE
)
_NAME = re.compile(r"([\w.*]+)(?:\s+as\s+\w+)?")
_projects = {}


class _File:
    """One text: what it imports, and where that may lie."""

    def __init__(self, path, stamp, text):
        self.path = path
        self.stamp = stamp
        self.text = text
        # Dotted names: "pkg.mod" and, for what comes from it, "pkg.mod.name".
        self.imports = set()
        # Those that an import of the file imports in any case.
        self.needed = set()
        for indent, module, names, plain in _IMPORT.findall(text):
            found = _NAME.findall(plain) if plain else dotted(module, _NAME.findall(names.strip("()")))
            self.imports.update(found)
            if not indent:
                self.needed.update(found)


def dotted(module, names):
    """What `from module import names` may import."""
    dot = "" if module.endswith(".") else "."
    return [module, *(f"{module}{dot}{name}" for name in names if name != "*")]


class Project:
    def __init__(self, root):
        self.root = root
        self.files = {}
        # Those that hold one of them, at any depth.
        self.folders = set()
        self.walked = -_FRESH_SECONDS
        self.users = {}

    def look_again(self):
        self.walked = -_FRESH_SECONDS

    def importers(self, path):
        """{file: how many imports lie between} of all that import a file, itself left out."""
        self._refresh(path)
        if not self.users:
            for file in self.files.values():
                for other in self._resolve(file.path, file.imports)[0]:
                    self.users.setdefault(other, []).append(file.path)
        found, border = {path: 0}, [path]
        for distance in range(1, _FAR + 1):
            border = [user for file in border for user in self.users.get(file, ()) if user not in found]
            found.update(dict.fromkeys(border, distance))
        del found[path]
        return found

    def _refresh(self, path):
        now = time.perf_counter()
        if now - self.walked < _FRESH_SECONDS and path in self.files:
            return
        before, self.files = self.files, {}
        for file, stamp in _python_files(path, self.root, now + _MOST_SECONDS):
            known = before.get(file)
            if known is None or known.stamp != stamp:
                known = _read(file, stamp)
            if known is not None:
                self.files[file] = known
        if before != self.files:
            self.users, self.folders = {}, set()
            for file in self.files:
                folder = os.path.dirname(file)
                while folder not in self.folders and len(folder) > 1:
                    self.folders.add(folder)
                    folder = os.path.dirname(folder)
        self.walked = time.perf_counter()

    def foreign(self, path, names):
        """Packages from elsewhere that a file needs for these imports, those of the files behind them included."""
        found, queue, seen = set(), [], set()
        files, foreign = self._resolve(path, names)
        found |= foreign
        queue.extend(files)
        while queue:
            path = queue.pop()
            if path in seen:
                continue
            seen.add(path)
            files, foreign = self._resolve(path, self.files[path].needed)
            found |= foreign
            queue.extend(files)
            # Its packages are imported before it.
            package = f"{os.path.dirname(path)}/__init__.py"
            while package in self.files and package not in seen and package != path:
                queue.append(package)
                package = f"{os.path.dirname(os.path.dirname(package))}/__init__.py"
        return found

    def _resolve(self, path, names):
        """(the project's files that imports of a file name, first parts of all other names)"""
        folder = os.path.dirname(path)
        bases = [folder, os.path.dirname(folder), self.root, os.path.join(self.root, "src")]
        found, foreign = set(), set()
        for name in names:
            bare = name.lstrip(".")
            dots = len(name) - len(bare)
            places = bases
            if dots:
                place = folder
                for _ in range(dots - 1):
                    place = os.path.dirname(place)
                places = [place]
            inner = bare.replace(".", "/")
            for place in places:
                whole = f"{place}/{inner}" if inner else place
                other = next((each for each in (f"{whole}.py", f"{whole}/__init__.py") if each in self.files), None)
                if other is not None:
                    found.add(other)
                    break
            else:
                top = bare.partition(".")[0]
                if not dots and not any(f"{base}/{top}.py" in self.files or f"{base}/{top}" in self.folders for base in bases):
                    foreign.add(top)
        found.discard(path)
        return found, foreign


def project_of(root):
    return _projects.setdefault(root, Project(root))


def users_of(path, name, root, most):
    """[(path, text)] of the files that import a file and speak of a name, those first that are nearest to it."""
    project = project_of(root)
    distances = project.importers(path)
    word = re.compile(rf"\b{re.escape(name)}\b")
    folder = os.path.dirname(path)
    found = [file for file in distances if word.search(project.files[file].text)]
    found.sort(key=lambda file: (distances[file], os.path.dirname(file) != folder, os.path.basename(file) == "__init__.py", file))
    return [(file, project.files[file].text) for file in found[:most]]


def stamp_of(path, root):
    """Changes when what may use a file changes."""
    project = project_of(root)
    return hash(tuple(sorted((file, hash(project.files[file].text)) for file in project.importers(path))))


def _python_files(path, root, end):
    """(file, stamp) from the file's own folder outwards."""
    seen, n_found = set(), 0
    folder = os.path.dirname(path)
    while True:
        queue = [folder]
        while queue:
            place = queue.pop(0)
            if place in seen:
                continue
            seen.add(place)
            try:
                entries = sorted(os.scandir(place), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                if entry.name.endswith(".py"):
                    if n_found >= _MOST_FILES or time.perf_counter() > end:
                        return
                    try:
                        status = entry.stat()
                    except OSError:
                        continue
                    n_found += 1
                    yield entry.path, (status.st_mtime, status.st_size)
                elif not entry.name.startswith(".") and entry.name not in _SKIPPED and "." not in entry.name and entry.is_dir():
                    queue.append(entry.path)
        if folder == root or not folder.startswith(f"{root}/"):
            return
        folder = os.path.dirname(folder)


def _read(path, stamp):
    try:
        if stamp[1] > _MOST_BYTES:
            return None
        with open(path, "rb") as file:
            return _File(path, stamp, file.read().decode("utf-8-sig", errors="replace"))
    except OSError:
        return None
