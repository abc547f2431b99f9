"""Take the README's three pictures of the web page, on a machine that has nothing else to do: python docs/web.py"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
from web_client import Server  # noqa: E402

PIPELINE = "gaussian(sigma=1) | otsu | fill_holes | remove_small(area=16) | split"
COLOURS = 160  # of a picture, so that it is small


def keep(page: Page, name: str) -> None:
    """Put what is seen into a file."""
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    page.wait_for_selector("[aria-busy=true]", state="detached")
    seen = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    few = seen.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(HERE / f"{name}.png", optimize=True)


def edit(page: Page, sample: str, method: str) -> None:
    """Open a sample, and a method on it."""
    page.click(f"#samples button:text('{sample}')")
    page.click(f"#cards button:has(strong:text-matches('^{method}'))")
    page.wait_for_selector("#numbers :text('object')")


def main() -> None:
    """Start a server and a browser, and walk through the page."""
    server = Server()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

        def opened(width: int, height: int, scheme: str = "light") -> Page:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.set_default_timeout(200_000)
            page.goto(server.address)
            page.wait_for_selector("body.ready")
            return page

        page = opened(390, 780)
        edit(page, "page", "sauvola")
        keep(page, "web-phone")
        page.close()
        page = opened(1180, 820, "dark")
        edit(page, "nuclei", "otsu")
        page.fill("#text", PIPELINE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#steps li:nth-child(5) canvas")
        page.locator("#split").fill("33")
        keep(page, "web-editor")
        page.close()
        page = opened(1180, 820)
        page.click("#samples button:text('coins')")
        page.wait_for_selector("#progress:text-matches('methods')")
        keep(page, "web-methods")
        browser.close()
    server.stop()


if __name__ == "__main__":
    main()
