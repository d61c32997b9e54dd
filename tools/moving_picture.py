"""The README's moving picture: a list is pasted, learned, broken, found out and healed, in a real browser.

    python -m tools.moving_picture

Every frame is a screenshot of the page while a real training goes on; only what lies between two frames is left out.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.studio import studio
from moreish.data.bundled import BUNDLED
from tools.browser import NAMES

TARGET = Path(__file__).resolve().parent.parent / "docs" / "img" / "studio.webp"
SIZE = {"width": 1100, "height": 720}
SHOWN = (880, 576)
LONG = 300_000  # milliseconds, on a machine with other things to do
MOST = 2_000_000  # bytes


class Film:
    """Frames, and how long each is shown."""

    def __init__(self, page: Page) -> None:
        self.page, self.frames, self.durations = page, list[Image.Image](), list[int]()

    def shoot(self, milliseconds: int) -> None:
        """One more frame."""
        image = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(image.resize(SHOWN, Image.Resampling.LANCZOS))
        self.durations.append(milliseconds)

    def follow(self, count: int, spacing: int, shown: int) -> None:
        """So many frames of something that goes on by itself."""
        for _ in range(count):
            self.page.wait_for_timeout(spacing)
            self.shoot(shown)

    def save(self, path: Path) -> int:
        """As an animated WebP, at the best quality that fits; its bytes."""
        for quality in (70, 55, 40, 25):
            first, *others = self.frames
            first.save(
                path, save_all=True, append_images=others, duration=self.durations, loop=0, quality=quality, method=6
            )
            if path.stat().st_size < MOST:
                break
        return path.stat().st_size


def played(page: Page, film: Film, url: str) -> None:
    page.goto(url)
    page.get_by_text("English words").wait_for(timeout=LONG)
    film.shoot(900)
    box = page.get_by_label("The items, one a line")
    lines = (BUNDLED / "minerals.txt").read_text(encoding="utf-8").splitlines()
    for count in (2, 5, len(lines)):
        box.fill("\n".join(lines[:count]))
        film.shoot(350)
    page.get_by_role("button", name="Use this list").click()
    page.get_by_text("set aside to measure").wait_for(timeout=LONG)
    film.shoot(1200)
    page.get_by_role("link", name="Choose a model").click()
    page.get_by_text("first loss").wait_for(timeout=LONG)
    film.shoot(1200)
    page.get_by_label("steps").first.fill("30000")  # more than are made while it is filmed
    page.keyboard.press("Tab")
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Train it").click()
    page.get_by_text("unsure as among").first.wait_for(timeout=LONG)
    film.follow(10, 700, 220)
    page.get_by_role("button", name="Break: weights before a tanh too large, 5").click(timeout=LONG)
    page.evaluate("scrollTo(0, 0)")
    film.follow(3, 300, 260)
    page.get_by_text("Sick").wait_for(timeout=LONG)
    film.follow(2, 300, 700)
    page.get_by_role("link", name="Doctor").click()
    page.get_by_role("heading", name="F04 saturated tanh").wait_for(timeout=LONG)
    film.follow(1, 600, 1800)
    page.get_by_role("button", name="Try it").first.click()
    page.locator("[aria-label='The remedy put to the test'] .uplot").wait_for(timeout=LONG)
    page.locator("[aria-label='The remedy put to the test']").first.scroll_into_view_if_needed()
    film.follow(1, 600, 2200)
    page.get_by_role("button", name="Apply the remedy").first.click()
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_text("healed: reinitialise").wait_for(timeout=LONG)
    film.follow(8, 700, 260)
    page.get_by_role("link", name="Make more").click()
    page.locator("input[name=starts_with]").fill("qu")
    page.get_by_role("button", name="Make them").click()
    page.locator(".made .word").first.wait_for(timeout=LONG)
    page.evaluate("scrollTo(0, 0)")
    film.follow(1, 400, 2600)


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as place,
        studio(Path(place) / "runs") as (_, url),
        sync_playwright() as driver,
    ):
        path = next((found for name in NAMES if (found := shutil.which(name))), None)
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # pyright: ignore[reportArgumentType]
        page.set_default_timeout(LONG)
        film = Film(page)
        played(page, film, url)
        size = film.save(TARGET)
        browser.close()
    print(f"{TARGET}: {len(film.frames)} frames, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
