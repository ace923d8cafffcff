"""Finds constructor arguments and inputs for a class or function without any annotation, each with its reason.

Best source first: what the person gave, a call in the same file, a call in another file of the project, the class that uses
this one, written shapes, the first layers, names. Inputs are tried on the meta device, where nothing is computed, and corrected by what fails.
"""

import dataclasses
import heapq
import inspect
import linecache
import re

import torch

from layerwise import names
from layerwise.callers import budget, calls_of, configs_of, instance_calls_of
from layerwise.candidates import Candidates
from layerwise.capture import captures_of, is_usable
from layerwise.evidence import Evaluator, Known, Unknown, bind
from layerwise.forward import first_layer, parameters_of
from layerwise.groups import annotated_class, group_of, place_of
from layerwise.guess import Guesser, has_required, is_config_name, signature_of
from layerwise.makers import MakesNoModel, may_make_a_model
from layerwise.plan import Choice, Plan
from layerwise.repair import repairs
from layerwise.specs import SpecError, TensorSpec, evaluate, namespace_of, shapes_device, split_keywords
from layerwise.trials import ELSEWHERE, Trials, first_line, is_about_meta, is_elsewhere
from layerwise.writing import write

# So many trials that got no further than the best one: the model, not its input, is at fault.
_MOST_IN_VAIN = 60
_MOST_ELEMENTS = 1 << 23
_LIBRARY = "/lib/"


def infer(module, file, name, init_text="", inputs=None):
    """A Plan for a class or function of the module. Raises SpecError in one sentence when it cannot be done.

    A function that makes a model, and a model that the file holds, are taken for the class of what they give.
    """
    budget.renew()
    target = vars(module).get(name)
    inputs = inputs or {}
    if inspect.isclass(target):
        return _Inference(module, file, name, target, "class", init_text, inputs).plan
    if isinstance(target, torch.nn.Module):
        if init_text:
            raise SpecError(f"{name} is a model already: --init gives arguments of a class or of a function that makes one")
        plan = Plan(module, type(target), "class")
        plan.instance = target
        return _Inference(module, file, name, type(target), "class", "", inputs, plan).plan
    if init_text or may_make_a_model(target, name):
        try:
            return _Inference(module, file, name, target, "maker", init_text, inputs).plan
        except MakesNoModel:
            if init_text:
                raise SpecError(
                    f"{name} returns no nn.Module: --init gives arguments of a class, --input those of a function"
                ) from None
    return _Inference(module, file, name, target, "function", "", inputs).plan


def infer_inputs(module, file, name, plan):
    """Adds inputs to a Plan that says how to get an instance of a class."""
    _Inference(module, file, name, vars(module)[name], "class", "", {}, plan)


def _plan_of(module, file, name, plan=None):
    """The Plan of something whole that is watched; with a Plan, only its inputs are looked for."""
    if plan is None:
        return infer(module, file, name)
    infer_inputs(module, file, name, plan)
    return plan


class _Inference:
    def __init__(self, module, file, name, target, kind, init_text, inputs, plan=None):
        self.module = module
        self.file = file
        self.name = name
        self.target = target
        self.space = namespace_of(module)
        self.calls = file.calls
        self.guesser = Guesser(module, file)
        self.plan = Plan(module, target, kind)
        self.captured = None
        self.is_captured = False
        # Does the file itself call it with values?
        self.is_told = False
        self.weak = set()
        self.model = target
        if plan is not None:
            self.plan = plan
            self.model = self._build_on_meta()
        elif kind == "class":
            if target.forward is torch.nn.Module.forward:
                raise SpecError(f"{name} has no forward: other classes build on it")
            self._choose_init(init_text)
            self.model = self._build_on_meta()
        elif kind == "maker":
            self.plan = Plan(module, target, "class")
            self.plan.maker = target
            self._choose_init(init_text)
            self.model = self._made()
            self.target = self.plan.target = type(self.model)
        self._choose_inputs(inputs)

    # Constructor

    def _choose_init(self, text):
        signature = signature_of(self.target)
        given = self._given_init(text, signature)
        # A call outside of classes holds numbers; inside, the class around it knows better what it passes on.
        from_call, line = self._init_call(signature, inside=False)
        self.is_told = from_call is not None
        if from_call is None:
            with budget:
                from_call, line = calls_of(self.module, self.file, self.name, signature)
        # A class that calls a function passes on what it wants itself; the function's own defaults say more.
        if from_call is None and inspect.isclass(self.target):
            self._capture()
            captured = self.captured
            if captured and captured.init is not None and is_usable(self.module, captured.init):
                from_call = {key: Known(None, value) for key, value in captured.init.items()}
                line = captured.why
            else:
                from_call, line = self._init_call(signature, inside=True)
                is_path = captured and captured.path and (not captured.is_last_resort or self._is_unclear(signature))
                if from_call is None and is_path and not given and has_required(signature):
                    self.plan.init["self"] = Choice("self", captured.path, "call", captured.why)
                    return
        for parameter in signature.parameters.values():
            if parameter.name in given:
                self.plan.init[parameter.name] = Choice(parameter.name, given[parameter.name], "given", "given")
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            elif from_call is not None and parameter.name in from_call:
                self.plan.init[parameter.name] = Choice(parameter.name, from_call[parameter.name].text, "call", line)
            elif parameter.default is not parameter.empty:
                shown = write(parameter.default)
                self.plan.init[parameter.name] = Choice(
                    parameter.name, "..." if shown is None else shown, "default", "default"
                )
            else:
                guess = self._told_config(parameter) or self.guesser.argument(self.target, parameter)
                if guess is None:
                    # A last resort that the trials below correct: most arguments are sizes.
                    guess = ("64", "name", f"a guess: nothing says what {parameter.name} is")
                self.plan.init[parameter.name] = Choice(parameter.name, *guess)
                self.weak.add(parameter.name)
        for name, value in given.items():
            self.plan.init.setdefault(name, Choice(name, value, "given", "given"))
        for name, value in (from_call or {}).items():
            # What goes into **kwargs.
            self.plan.init.setdefault(name, Choice(name, value.text, "call", line))

    def _is_unclear(self, signature):
        """Is there an argument for which nothing can be guessed?"""
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [part for part in signature.parameters.values() if part.default is part.empty and part.kind not in kinds]
        return any(self.guesser.argument(self.target, part) is None for part in needed)

    def _told_config(self, parameter):
        """A config that another file of the project makes, with all that is read of this one: (text, origin, why) or None."""
        if not is_config_name(parameter.name) or not inspect.isclass(self.target):
            return None
        fields = self.guesser.fields(self.name, parameter.name, set(), everywhere=True)
        fields.pop("[]", None)
        if not fields:
            return None
        found = None
        with budget:
            found = configs_of(self.module, self.file, self.name, is_config_name, fields)
        return found and (found[0], "call", found[1])

    def _given_init(self, text, signature):
        if not text:
            return {}
        parameters = list(signature.parameters.values())
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        known = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
        given = {}
        for position, (name, value) in enumerate(split_keywords(text)):
            if name is None:
                if position >= len(known):
                    raise SpecError(
                        f"{self.name} takes {len(known)} arguments ({', '.join(known)}), but --init gives more"
                    )
                name = known[position]
            if name not in known and not takes_any:
                raise SpecError(f"{self.name} has no argument '{name}': it takes {', '.join(known) or 'none'}")
            evaluate(value, self.space, f"--init {name}")
            given[name] = value
        return given

    def _init_call(self, signature, inside):
        for found in self.calls.constructors(self.name):
            if bool(found.owner) != inside:
                continue
            try:
                bound = bind(found, signature, Evaluator(self.file, self.module, found.scope))
            except Unknown:
                continue
            return bound, f"from the call in line {found.node.lineno}"
        return None, ""

    def _capture(self):
        """What the class was given where something that uses it was built."""
        if self.captured is None and not self.is_captured:
            self.is_captured = True
            self.captured = captures_of(self.module, self.file, _plan_of).of(self.name)

    def _build_on_meta(self):
        """The instance for the trials. Weak guesses are changed until the constructor takes them."""
        error = None
        for changes in self._init_variants():
            before = {name: self.plan.init[name] for name in changes}
            for name, text in changes.items():
                self.plan.init[name] = Choice(name, text, "name", "a guess that the constructor takes")
            try:
                return self._instance()
            except SpecError:
                raise
            except ELSEWHERE:
                raise
            except Exception as trouble:
                error = error or trouble
                self.plan.init.update(before)
        unclear = [name for name in self.weak if "nothing says" in self.plan.init[name].why]
        if unclear:
            raise SpecError(
                f"cannot find a value for the argument '{unclear[0]}' of {self.name} "
                f"(tried {self.plan.init[unclear[0]].text}: {type(error).__name__}: {first_line(error)}); "
                f"give it with --init '{unclear[0]}=...'"
            ) from error
        raise error

    def _made(self):
        try:
            model = self._build_on_meta()
        except Exception as error:
            if any(choice.origin == "given" for choice in self.plan.init.values()):
                raise
            raise MakesNoModel from error
        if not isinstance(model, torch.nn.Module):
            raise MakesNoModel
        return model

    def _instance(self):
        device = shapes_device()
        try:
            return self.plan.build(device)
        except Exception as error:
            if device == "cpu" or not is_about_meta(error):
                raise
            return self.plan.build("cpu")

    def _init_variants(self):
        yield {}
        weak = [name for name in self.plan.init if name in self.weak]
        dims = [name for name in weak if self.plan.init[name].text == "64"]
        if not weak:
            return
        for name in weak:
            if is_config_name(name):
                for text in self.guesser.configs(self.target):
                    if text != self.plan.init[name].text:
                        yield {name: text}
        for size in names.OTHER_DIMS:
            if dims:
                yield {name: size for name in dims}
        for name in sorted(weak, key=lambda item: "nothing says" not in self.plan.init[item].why):
            is_called = self.guesser.usage(self.target, name) == "called"
            for text in self.guesser.called_classes(self.target, name) if is_called else names.ALTERNATIVES:
                if text != self.plan.init[name].text:
                    yield {name: text}

    # Inputs

    def _choose_inputs(self, given):
        function = self.target.forward if self.plan.kind == "class" else self.target
        parameters = parameters_of(function)
        if self.plan.kind == "class":
            parameters = parameters[1:]
        known = [parameter.name for parameter, _ in parameters]
        self.function = function
        self.known = frozenset(known)
        self.candidates = Candidates(self.target, self.plan.kind, self.model, self.plan.init, self.guesser, self.space)
        self.optional = {}
        self.groups = {}
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter, _ in parameters)
        for name, text in given.items():
            if name not in known and not takes_any:
                raise SpecError(f"{self.name} has no input '{name}': it takes {', '.join(known) or 'none'}")
            evaluate(text, self.space, f"--input {name}")
        from_call, line = self._input_call(function)
        is_strong = from_call is not None and not any(choice.origin == "given" for choice in self.plan.init.values())
        elsewhere, place = None, ""
        if from_call is None and not self.is_told:
            elsewhere, place = self._call_elsewhere(function)
        candidates = {}
        for parameter, annotation in parameters:
            name = parameter.name
            if name in given:
                candidates[name] = [(evaluate(given[name], self.space, name), "given", "given", given[name])]
                continue
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if from_call is not None and name in from_call:
                value = from_call[name]
                candidates[name] = [(value.value, "call", line, value.text)]
                continue
            seen = None
            if elsewhere is not None and name in elsewhere:
                value = elsewhere[name].value
                seen = (value, "call", place, elsewhere[name].text)
            elif from_call is None and self.captured and name in self.captured.inputs:
                value = self.captured.inputs[name]
                seen = (value, "call", self.captured.why.replace("builds", "calls"), None)
            if parameter.default is not parameter.empty:
                if seen is not None and value is not None and value != parameter.default:
                    is_strong = False
                    candidates[name] = [seen]
                else:
                    self.optional[name] = (parameter, annotation)
                continue
            is_strong = False
            group = self._group(parameter, annotation, known) if seen is None else None
            if group is not None:
                beside = frozenset(group.places)
                for part, key in group.keys.items():
                    candidates[part] = self.candidates.of(dataclasses.replace(group.places[key], beside=beside))
                continue
            found = self._candidates(parameter, annotation)
            if seen is not None:
                # What was seen is a shape; lengths are values that have to fit.
                found.insert(1 if names.tensor_kind(name) == "lengths" else 0, seen)
            candidates[name] = found
        for name in given:
            candidates.setdefault(name, [(evaluate(given[name], self.space, name), "given", "given", given[name])])
        all_given = all(options[0][1] == "given" for options in candidates.values())
        if all_given and self.optional and from_call is None and not given:
            chosen = self._solve_optional()
        else:
            chosen = self._solve(candidates, is_strong or all_given)
        for name, (value, origin, why, text) in self._together(chosen).items():
            shown = text if text is not None else write(value)
            self.plan.inputs[name] = Choice(name, shown if shown is not None else repr(value), origin, why)

    def _call_elsewhere(self, function):
        """What a call in another file gives: ({input: Known}, where), or (None, "")."""
        find = calls_of if self.plan.kind == "function" else instance_calls_of
        with budget:
            return find(self.module, self.file, self.name, self._signature(function))
        # They took too long.
        return None, ""

    def _signature(self, function):
        signature = inspect.signature(function)
        if self.plan.kind == "class":
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        return signature

    def _input_call(self, function):
        signature = self._signature(function)
        if self.plan.kind == "class":
            found = [pair[0] for pair in self.calls.of_instance.get(self.name, [])]
            if self.plan.instance is not None:
                found = self.calls.constructors(self.name)
        else:
            found = self.calls.constructors(self.name)
        for candidate in found:
            evaluator = Evaluator(self.file, self.module, candidate.scope)
            try:
                return bind(candidate, signature, evaluator), f"from the call in line {candidate.node.lineno}"
            except Unknown:
                continue
        return None, ""

    def _solve(self, candidates, is_strong):
        """Tries inputs on the meta device, best first, and corrects them by the errors."""
        first = {name: options[0] for name, options in candidates.items()}
        if is_strong:
            # What a person or the file itself says is not put to the test: if it fails, that is the answer.
            return first
        fixed = {name for name, option in first.items() if option[1] == "given"}
        starts = [first]
        for name, options in candidates.items():
            starts.extend({**first, name: option} for option in options[1:])
        trials = Trials(self.model, self.plan)
        queue, seen, order = [], set(), 0
        for start in starts:
            heapq.heappush(queue, (0, 0, order, start))
            order += 1
        best, best_progress, since_best = first, -1, 0
        while queue and trials.has_time():
            _, depth, _, chosen = heapq.heappop(queue)
            key = repr({name: option[0] for name, option in chosen.items()})
            if key in seen:
                continue
            seen.add(key)
            error, progress = trials.run(self._values(chosen))
            if error is None:
                self.plan.trouble = None
                return self._limited(chosen)
            since_best += 1
            if progress > best_progress:
                best, best_progress, since_best, self.plan.trouble = chosen, progress, 0, error
            if since_best > _MOST_IN_VAIN:
                break
            after = self._unread(error, chosen)
            if after is not None:
                heapq.heappush(queue, (-progress, depth + 1, order, after))
                order += 1
                continue
            if is_elsewhere(error):
                break
            for name in self._left_out(error, chosen):
                for option in self._option(name)[:2]:
                    heapq.heappush(queue, (-progress, depth + 1, order, {**chosen, name: option}))
                    order += 1
            plain = {name: option[0] for name, option in chosen.items()}
            for repaired in list(repairs(plain, error))[:24]:
                changed = [name for name, value in repaired.items() if value is not plain[name] and value != plain[name]]
                if not changed or fixed & set(changed) or any(_is_huge(repaired[name]) for name in changed):
                    continue
                after = dict(chosen)
                for name in changed:
                    why = f"corrected by trial: {first_line(error)[:120]}"
                    after[name] = (repaired[name], "layers", why, None)
                heapq.heappush(queue, (-progress, depth + 1, order, after))
                order += 1
        return best

    def _candidates(self, parameter, annotation):
        place = place_of(parameter.name, annotation, self.function, self.model)
        return self.candidates.of(dataclasses.replace(place, beside=self.known))

    def _group(self, parameter, annotation, known):
        """The parameter as a group of inputs of its own, or None."""
        if is_config_name(parameter.name) or self.guesser.local_class(parameter.name) is not None:
            return None
        place = place_of(parameter.name, annotation, self.function, self.model)
        group = group_of(parameter, annotated_class(parameter, self.module), place)
        if group is None:
            return None
        self.groups[parameter.name] = group
        for key in group.places:
            self._name_part(group, key, known)
        return group

    def _name_part(self, group, key, known):
        taken = {*known, *(part for other in self.groups.values() for part in other.keys)}
        part = key if key not in taken else f"{group.name}.{key}"
        group.keys[part] = key
        return part

    def _values(self, chosen):
        """{input: value} of what was chosen, groups put together."""
        parts = {part for group in self.groups.values() for part in group.keys}
        plain = {name: option[0] for name, option in chosen.items() if name not in parts}
        values = {name: option[0] for name, option in chosen.items()}
        return {**plain, **{name: group.value(values) for name, group in self.groups.items()}}

    def _together(self, chosen):
        """Choices of inputs of choices of parts: one input, one reason."""
        values = self._values(chosen)
        found = {name: option for name, option in chosen.items() if name in values and name not in self.groups}
        for name, group in self.groups.items():
            options = [chosen[part] for part in group.keys if part in chosen]
            why = "; ".join(dict.fromkeys(why for _, _, why, _ in options))
            found[name] = (values[name], options[0][1] if options else "name", why, None)
        return found

    def _solve_optional(self):
        """Every input may be left out, as far as the signature says; often one of them is meant to be given."""
        trials = Trials(self.model, self.plan)
        error, _ = trials.run({})
        if error is None or is_elsewhere(error):
            return {}
        best = {}
        chosen = {}
        for name in self._main_inputs(error):
            parameter, annotation = self.optional[name]
            chosen = {**chosen, name: self._candidates(parameter, annotation)}
            best = self._solve(chosen, False)
            if self.plan.trouble is None:
                return best
        return best

    def _main_inputs(self, error):
        """Names of optional inputs that are probably meant: the first one that is a tensor, then those that errors name."""
        tried = []
        for name, (_, annotation) in self.optional.items():
            if "Tensor" in annotation or names.tensor_kind(name) in ("tokens", "image") or name in names.MAIN_INPUTS:
                tried.append(name)
                yield name
                break
        for _ in range(3):
            text = str(self.plan.trouble or error)
            named = [name for name in self.optional if name not in tried and re.search(rf"\b{name}\b", text)]
            if not named:
                # A decoder complains of its own inputs by the names that they have in there.
                others = [f"decoder_{name}" for name in tried if re.search(rf"\b{name}\b", text)]
                named = [name for name in others if name in self.optional and name not in tried]
            if not named:
                return
            tried.append(named[0])
            yield named[0]

    def _left_out(self, error, chosen):
        """Optional inputs that the failing line asks for, where None is no answer."""
        if "NoneType" not in str(error) or not self.optional:
            return []
        entry = error.__traceback__
        line = ""
        while entry is not None:
            path = entry.tb_frame.f_code.co_filename
            if not path.startswith(_LIBRARY):
                line = linecache.getline(path, entry.tb_lineno)
            entry = entry.tb_next
        return [name for name in self.optional if name not in chosen and re.search(rf"\b{name}\b", line)]

    def _option(self, name):
        parameter, annotation = self.optional[name]
        return [option for option in self._candidates(parameter, annotation) if option[0] is not None]

    def _unread(self, error, chosen):
        """The choice with the part that an error says was read of a group and is not there; None where it says nothing such."""
        key = error.args[0] if isinstance(error, KeyError) and error.args else getattr(error, "name", None)
        if not isinstance(key, str) or not isinstance(error, (KeyError, AttributeError)):
            return None
        for group in self.groups.values():
            if key in group.places or isinstance(error, AttributeError) and getattr(error, "obj", None) is None:
                continue
            part = self._name_part(group, key, chosen)
            return {**chosen, part: self.candidates.of(group.add(key))[0]}
        return None

    def _limited(self, chosen):
        """Whole numbers that index a table must stay inside of it, wherever the input came from."""
        if self.plan.kind != "class":
            return chosen
        for name, (value, origin, why, text) in list(chosen.items()):
            if (
                origin in ("given", "call")
                and text is not None
                or not isinstance(value, TensorSpec)
                or not value.dtype.startswith("int")
            ):
                continue
            layer = self._layer_of(name)
            if hasattr(layer, "num_embeddings") and value.high != layer.num_embeddings:
                chosen[name] = (TensorSpec(value.dtype, value.shape, layer.num_embeddings), origin, why, None)
        return chosen

    def _layer_of(self, name):
        for group in self.groups.values():
            if name in group.keys:
                return group.places[group.keys[name]].layer()
        return first_layer(self.model, name)


def _is_huge(value):
    """A trial may end up on real memory."""
    return isinstance(value, TensorSpec) and value.count > _MOST_ELEMENTS
