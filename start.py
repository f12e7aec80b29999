"""Install Freehold beside this file and start it. Needs nothing but Python 3.11 or newer with pip and venv.

python3 start.py            install, then start a populated network (freehold demo)
python3 start.py test       install what the tests need, then run them
python3 start.py COMMAND …  install, then run any other freehold command
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
FOLDER = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = FOLDER / ("python.exe" if os.name == "nt" else "python")
COMPILE = (
    "from freehold.recommender import warm_up; warm_up()",
    "from freehold.demo.warm import warm_up; warm_up()",
)


def make_environment() -> None:
    """All of it or nothing: half of one would be taken for whole at the next start."""
    try:
        venv.create(ENVIRONMENT, with_pip=True)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        print((error.output or b"").decode(errors="replace"), file=sys.stderr)
        print("This Python cannot make an environment with pip. On Debian: apt install python3-venv", file=sys.stderr)
        raise
    except BaseException:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        raise


def install(requirements: str) -> None:
    """Make the environment hold exactly what the file pins; at once where it already does."""
    pinned = ROOT / "requirements" / requirements
    stamp = ENVIRONMENT / f"installed-{requirements}"
    wanted = hashlib.sha256(pinned.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        make_environment()
    print(f"Installing what {requirements} pins into {ENVIRONMENT.name} (about half a minute) …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(pinned)], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)
    print("Compiling the recommender's and the demo's inner loops, once …", flush=True)
    compiling = [subprocess.Popen([str(PYTHON), "-c", code], cwd=ROOT) for code in COMPILE]
    for process in compiling:
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, process.args)
    stamp.write_text(wanted)


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Freehold needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    try:
        if arguments[:1] == ["test"]:
            install("test.txt")
            command = [str(PYTHON), "-m", "pytest", *(arguments[1:] or ["-n", "2", "--dist", "loadgroup"])]
        else:
            install("run.txt")
            command = [str(PYTHON), "-m", "freehold", *(arguments or ["demo"])]
    except subprocess.CalledProcessError as error:
        print("The installation failed; why stands above. Nothing was started.", file=sys.stderr)
        return error.returncode
    except KeyboardInterrupt:
        print("\nStopped. The next start goes on from here.", file=sys.stderr)
        return 130
    if Path.cwd() != ROOT:
        os.environ["FREEHOLD_CALLED_FROM"] = str(Path.cwd())
    os.chdir(ROOT)
    if os.name == "nt":
        return subprocess.run(command).returncode
    return os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
