"""A Python that has only what Linux, macOS and Windows all have, and files that obey Windows' rules.

Python itself loads this file in every process whose PYTHONPATH names this folder, the children's too. What is taken
away is taken away for everybody, other people's libraries included. Three keep what they had: `subprocess` and
`multiprocessing`, which are made otherwise elsewhere and took what they need while they were loaded, and filelock,
whose lock is a system call of each system.
"""

import builtins
import errno
import multiprocessing.util
import os
import signal
import subprocess
import sys
import time
import warnings

import filelock

MODULES = "_curses crypt curses fcntl grp nis ossaudiodev pty pwd readline resource spwd syslog termios tty"
OS = """
    chown chroot confstr copy_file_range ctermid environb eventfd fchdir fchmod fchown fdatasync fork forkpty
    fpathconf fstatvfs fwalk get_blocking getegid getenvb geteuid getgid getgrouplist getgroups getloadavg
    getpgid getpgrp getpriority getrandom getresgid getresuid getsid getuid getxattr initgroups killpg lchown
    listxattr lockf major makedev memfd_create minor mkfifo mknod nice openpty pathconf pidfd_open pipe2
    posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv pwrite pwritev readv removexattr
    sched_getaffinity sched_setaffinity sched_yield sendfile set_blocking setegid seteuid setgid setgroups
    setpgid setpgrp setpriority setregid setresgid setresuid setreuid setsid setuid setxattr spawnlp spawnlpe
    spawnvp spawnvpe splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname wait wait3 wait4 waitid writev
"""
CONSTANTS = (
    "CLD_ EFD_ EX_ F_LOCK F_TEST F_TLOCK F_ULOCK GRND_ MFD_ POSIX_ PRIO_ P_ALL P_PGID P_PID RTLD_ RWF_ SCHED_ "
    "SEEK_DATA SEEK_HOLE ST_ WC WE WI WN WS WT WU XATTR_"
)
FLAGS = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_APPEND", "O_CREAT", "O_EXCL", "O_TRUNC"}
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}


def take_away() -> None:
    for name in MODULES.split():
        sys.modules[name] = None  # pyright: ignore
    prefixes = tuple(CONSTANTS.split())
    for name in dir(os):
        if name in OS.split() or name.startswith(prefixes) or (name.startswith("O_") and name not in FLAGS):
            delattr(os, name)
    for name in dir(signal):
        if name.startswith("SIG") and name.isupper() and name not in SIGNALS:
            delattr(signal, name)
    for name in (
        "alarm",
        "getitimer",
        "pause",
        "pthread_kill",
        "pthread_sigmask",
        "setitimer",
        "sigpending",
        "sigwait",
    ):
        delattr(signal, name)
    for name in dir(time):
        if name.startswith(("CLOCK_", "clock_", "pthread_")) or name == "tzset":
            delattr(time, name)
    if hasattr(errno, "EDQUOT"):
        del errno.EDQUOT


def refuse(code: int, path: object) -> None:
    error = PermissionError(code, "Access is denied", str(path))
    error.winerror = 5  # pyright: ignore
    raise error


class Popen(subprocess.Popen):
    """As on Windows: no way to a child but its three streams."""

    def __init__(self, *args, pass_fds=(), preexec_fn=None, **options):
        if pass_fds or preexec_fn:
            raise ValueError("pass_fds and preexec_fn are not supported on Windows")
        super().__init__(*args, **options)

    def kill(self):
        self.send_signal(9)  # what a call of the system of its own is on Windows


def is_in_use(path: object) -> bool:
    """Whether this process has the file, or one in the folder, open or mapped into memory."""
    here = os.path.realpath(str(path))
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    used = {os.readlink(link) for link in links if os.path.lexists(link)}
    with builtins.open("/proc/self/maps", encoding="utf-8") as maps:
        used |= {"/" + line.rstrip("\n").partition("/")[2] for line in maps}
    return any(name == here or name.startswith(f"{here}/") for name in used)


def rules_of_windows() -> None:
    really_open, really_rename, really_fsync = os.open, os.rename, os.fsync

    def open_(path, flags, *rest, **named):
        if isinstance(path, str | os.PathLike) and os.path.isdir(path):
            refuse(errno.EACCES, path)
        return really_open(path, flags, *rest, **named)

    def rename(old, new, **named):
        if os.path.exists(new):
            raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", str(new))
        if is_in_use(old):
            refuse(errno.EACCES, old)
        really_rename(old, new, **named)

    def unless_in_use(operation):
        def checked(path, *rest, **named):
            if is_in_use(path):
                refuse(errno.EACCES, path)
            return operation(path, *rest, **named)

        return checked

    def fsync(descriptor):
        with builtins.open(f"/proc/self/fdinfo/{descriptor}", encoding="utf-8") as info:
            flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
        if flags & 3 == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        really_fsync(descriptor)

    os.open, os.rename, os.fsync = open_, rename, fsync
    os.unlink, os.remove, os.rmdir = map(unless_in_use, (os.unlink, os.remove, os.rmdir))


take_away()
rules_of_windows()
subprocess.Popen = Popen
warnings.filterwarnings("ignore", category=EncodingWarning)
warnings.filterwarnings("error", category=EncodingWarning, module="moreish")
assert filelock.has_fcntl
assert multiprocessing.util
