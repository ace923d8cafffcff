"""One request of the language server: each target of a file built and called on shapes, within a budget of time.

Earlier choices of arguments are tried first, so that they are looked for only where nothing fits any more.
"""

import gc
import io
import sys
import time

import torch

from layerwise import callers, failures, infer
from layerwise.analysis import files, finished, modules, present, problems, scripts, symbols, textual
from layerwise.analysis.recorder import OutOfTime, watch
from layerwise.analysis.run import run
from layerwise.analysis.tidiness import is_tidy, remember
from layerwise.plan import Choice, Plan
from layerwise.specs import SpecError

_clock = time.perf_counter
# No target may have the whole budget of a file with many: so long, or a quarter of the budget.
_LEAST_SHARE = 1.0
# What other files say is asked for again where there was no time, but not for ever.
_MOST_SHORT = 3
# Texts that took too long are not tried again until they change.
_lates = {}


class _Memory:
    """What was chosen for a target when it last ran to its end, and the texts that it was chosen for."""

    def __init__(self, skeleton, setup, n_short):
        self.skeleton = skeleton
        self.setup = setup
        # How often there was no time to ask other files.
        self.n_short = n_short

    @property
    def is_final(self):
        return self.n_short == 0 or self.n_short >= _MOST_SHORT


_memories = {}


def analyse(request):
    """{"targets", "problems", "failure"?}: see src/protocol/analysis.ts."""
    began = _clock()
    remember()
    gc.disable()
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = io.StringIO()
    try:
        return _Analysis(request, began).answer()
    finally:
        sys.stdout, sys.stderr = streams
        watch.deadline = None
        watch.recorder = None


def tidy():
    """Afterwards: is the interpreter as it was before, so that the next look may go on with it?"""
    watch.recorder = None
    gc.enable()
    gc.collect()
    return is_tidy()


class _Analysis:
    def __init__(self, request, began):
        self.request = request
        self.end = began + request["budget_ms"] / 1000
        self.share = max(_LEAST_SHARE, request["budget_ms"] / 4000)
        # Most of the time is the file's own.
        callers.budget.share_out(request["budget_ms"] / 3000, self.share)
        callers.budget.watch, callers.budget.late = watch, OutOfTime
        self.source = files.read(request["path"])
        self.problems = []
        self.targets = []
        self.loaded = None

    def answer(self):
        source = self.source
        if source.tree is None:
            return {"targets": [], "problems": [], "failure": failures.describe(source.error)}
        self.problems = textual.problems(source)
        watch.start()
        wanted = self._wanted()
        trouble = self._load(wanted)
        # Other files say what this one is given.
        callers.look_again(source.path)
        skeleton = (source.skeleton(), callers.stamp(source.path))
        for target in wanted:
            if trouble is not None and target["kind"] != "script":
                self.targets.append(self._without(target, trouble))
            else:
                self.targets.append(self._one(target, skeleton))
        return {"targets": self.targets, "problems": self.problems}

    def _wanted(self):
        found = self.source.targets.targets()
        only = self.request["only"]
        if only is None:
            return found
        by_name = {target["name"]: target for target in found}
        return [by_name[name] for name in only if name in by_name]

    def _load(self, wanted):
        """Imports the file; a sentence or an exception where it cannot be."""
        if not any(target["kind"] != "script" for target in wanted):
            return None
        watch.deadline = self.end
        try:
            self.loaded = modules.load(self.source, self.request["root"])
            return None
        except OutOfTime:
            return "importing the file did not come to an end in time"
        except KeyboardInterrupt:
            return "it was cancelled"
        except BaseException as error:
            return error

    def _without(self, target, trouble):
        answer = present.empty(target)
        if isinstance(trouble, str):
            answer["incomplete"] = trouble
        else:
            answer["incomplete"] = f"the file cannot be imported: {type(trouble).__name__}: {failures.message_of(trouble)}"
        return answer

    def _one(self, target, skeleton):
        began = _clock()
        if began > self.end:
            return {**present.empty(target), "incomplete": "there was no time left for it", "isUntried": True}
        if _lates.get((self.source.path, target["name"])) == self.source.part(target):
            return {**present.empty(target), "incomplete": _late_sentence(None, self.share)}
        watch.deadline = min(self.end, began + self.share)
        try:
            if target["kind"] == "script":
                answer = scripts.analyse(self.source, target, self.request)
            else:
                answer = self._target(target, skeleton)
        except OutOfTime as late:
            line = problems.line_in(self.source, late)
            _lates[self.source.path, target["name"]] = self.source.part(target)
            answer = {**present.empty(target), "incomplete": _late_sentence(line, self.share)}
        except KeyboardInterrupt:
            self.end = 0
            answer = {**present.empty(target), "incomplete": "it was cancelled"}
        except SpecError as error:
            answer = {**present.empty(target), "incomplete": str(error)}
        except (Exception, SystemExit, GeneratorExit) as error:
            # While arguments were looked for: the model could not even be built.
            answer = present.empty(target)
            answer["problems"] = problems.building(self.source, target, error)
            answer["incomplete"] = f"{type(error).__name__}: {failures.message_of(error)}"
        finally:
            watch.recorder = None
        answer["timeMs"] = (_clock() - began) * 1000
        return answer

    def _target(self, target, skeleton):
        name = target["name"]
        module, codes = self.loaded.module, self.loaded.codes
        if name not in vars(module):
            return {**present.empty(target), "incomplete": f"the file has no {name} once it is imported"}
        given = self.request["given"].get(name)
        key = (self.source.path, name)
        earlier = None
        if given is None:
            earlier = self._earlier(key, name, skeleton)
        plan = _plan_of(module, name, target["kind"], earlier) if earlier else None
        if plan is None:
            # Other files may have to be read first; that is not the target's fault.
            watch.deadline = min(self.end, watch.deadline + self.share)
            plan = self._inferred(name, given)
            watch.deadline = min(self.end, _clock() + self.share)
        outcome = run(plan, codes)
        outcome.worked_before = key in _memories and earlier is not None
        doubts = []
        if earlier and outcome.error is not None and not problems.is_about_values(outcome.error):
            before, outcome = outcome, self._second_try(outcome, name)
            if outcome is not before and before.worked_before and outcome.is_done:
                doubts = problems.doubting(self.source, target, before, outcome, self.loaded)
        if outcome.is_done and given is None:
            is_short = earlier is None and callers.budget.is_short
            before = _memories[key].n_short if key in _memories else 0
            _memories[key] = _Memory(skeleton, outcome.plan.setup(), before + 1 if is_short else 0)
        answer = present.target(self.source, target, outcome, self.loaded)
        if outcome.is_late:
            _lates[key] = self.source.part(target)
            answer["incomplete"] = _late_sentence(outcome.late_line, self.share)
        elif outcome.error is not None:
            found, sentence = problems.running(self.source, target, outcome, self.loaded)
            answer["problems"] = found
            answer["incomplete"] = sentence
        elif self.request["symbols"]:
            self._in_full(answer, target, outcome)
        answer["problems"] = [*answer["problems"], *doubts]
        for call in answer["calls"]:
            call.pop("key", None)
        outcome.forget()
        return answer

    def _in_full(self, answer, target, outcome):
        """With a backward pass and names; where the time runs out, what is known by then remains."""
        try:
            answer["problems"] = finished.problems(self.source, target, outcome, self.loaded)
            present.costs_of(answer, outcome)
            symbols.add(answer, self.source, outcome, self.loaded)
        except OutOfTime:
            answer["incomplete"] = "there was no time left to name dimensions"

    def _earlier(self, key, name, skeleton):
        """The setup that fitted last time, unless what it was made of has changed."""
        memory = _memories.get(key)
        if memory is not None:
            return memory.setup if memory.skeleton == skeleton and memory.is_final else None
        return self.request["previous"].get(name)

    def _inferred(self, name, given):
        given = given or {}
        with modules.noted():
            return infer.infer(
                self.loaded.module, self.source.targets, name, given.get("init") or "", given.get("inputs") or {}
            )

    def _second_try(self, outcome, name):
        """The earlier arguments fit no more: perhaps others do. If none do, the earlier ones tell what is wrong."""
        try:
            plan = self._inferred(name, None)
        except Exception:
            return outcome
        if plan.setup() == outcome.plan.setup():
            return outcome
        again = run(plan, self.loaded.codes)
        return again if again.is_done or not outcome.is_built else outcome


def _late_sentence(line, seconds):
    where = f"line {line} was still running" if line else "it was still running"
    return f"{where} after {seconds:.3g} s"


def _plan_of(module, name, kind, setup):
    plan = Plan(module, vars(module)[name], kind)
    for part, choices in ((plan.init, setup.get("init", ())), (plan.inputs, setup.get("inputs", ()))):
        for choice in choices:
            part[choice["name"]] = Choice(choice["name"], choice["value"], choice["from"], choice.get("why", ""))
    return plan
