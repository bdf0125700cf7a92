"""A contestant of tests: it gives figures until it ends, as its arguments say."""

from __future__ import annotations

import sys


def main() -> None:
    """Answer so many requests, and end with an error at the next one."""
    for number in range(int(sys.argv[2])):
        if not sys.stdin.readline():
            return
        print(f'{{"cpu_s": {number}}}', flush=True)
    if sys.stdin.readline():
        sys.exit("This contestant fails.")


if __name__ == "__main__":
    main()
