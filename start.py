"""Install Freehold beside this file and start it. Needs nothing but Python 3.11 or newer with pip and venv.

python3 start.py            install, then start a populated network (freehold demo)
python3 start.py test       install what the tests need, then run them
python3 start.py COMMAND …  install, then run any other freehold command
"""

import hashlib
import os
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


def install(requirements: str) -> None:
    """Make the environment hold exactly what the file pins; at once where it already does."""
    pinned = ROOT / "requirements" / requirements
    stamp = ENVIRONMENT / f"installed-{requirements}"
    wanted = hashlib.sha256(pinned.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
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
        print("The installation failed; what pip said stands above. Nothing was started.", file=sys.stderr)
        return error.returncode
    os.chdir(ROOT)
    if os.name == "nt":
        return subprocess.run(command).returncode
    return os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
