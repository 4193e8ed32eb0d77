"""Whole logins at a fixed pace: password, mark, identity page, ticket, code, acceptance."""

import asyncio
import os
import time

from browser import Browser, activate, login

# How many activations run at once before the measurement.
AT_ONCE = 8


def user(number):
    return f"MASSA{number + 1:04}"


async def activate_all(port, count):
    """A phone for each of the first `count` accounts."""
    phones, waiting = [None] * count, iter(range(count))

    async def worker():
        for number in waiting:
            browser = Browser(port)
            phones[number] = await activate(browser, user(number))
            await browser.close()

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return phones


async def paced(port, phones, per_second):
    """One login per account, begun `per_second`; does not wait for slow ones. Seconds of each answer
    to a password and to a code, and seconds until the last one was through."""
    begun, tasks = time.perf_counter(), []

    async def one(number, phone):
        browser = Browser(port)
        seconds = await login(browser, user(number), phone)
        await browser.close()
        return seconds

    for number, phone in enumerate(phones):
        await asyncio.sleep(max(0, begun + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number, phone)))
    seconds = await asyncio.gather(*tasks)
    return [s for s, _ in seconds], [s for _, s in seconds], time.perf_counter() - begun


def fsyncs(folder, count=100):
    """Seconds that writing and fsyncing 4 KiB take where the store lies."""
    path, seconds = os.path.join(folder, "fsync"), []
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - begun)
    os.unlink(path)
    return seconds


def share(seconds, part):
    """A percentile, in milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))] * 1e3
