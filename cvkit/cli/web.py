"""`cvkit web`: the page in the browser."""

import contextlib
import webbrowser
from pathlib import Path

import click

from cvkit.errors import CvkitError, LibraryMissing, shown

MB = 1 << 20


@click.command()
@click.option("-p", "--port", type=click.IntRange(0, 65535), default=0, help="To listen on. [default: any free one]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Let others in; what goes to and fro can be read.")
@click.option("-g", "--generator", "generators", multiple=True, help="The folder of a trained generator; repeat it.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--max-pixels", type=click.IntRange(1), default=25_000_000, show_default=True, help="Refuse more.")
@click.option("--max-mb", type=click.IntRange(1), default=64, show_default=True, help="Refuse larger files.")
@click.option("--seconds", type=click.FloatRange(1), default=30, show_default=True, help="For one answer at most.")
def command(port, host, generators, no_browser, max_pixels, max_mb, seconds) -> None:
    """Segment pictures in the browser.

    See what every method makes of them, and take the command away. The page is served to this machine alone, to whoever
    knows the address that is printed. Pictures are kept in memory while the page is open, and nowhere else.

    \b
    cvkit web
    """
    try:
        from cvkit.web.server import serve
    except ImportError as fault:
        came = f"the page needs {fault.name}, which is not installed"
        raise LibraryMissing("library-missing", came=came, remedy="pip install starlette uvicorn") from None
    from cvkit.web.sampling import carried, describe
    from cvkit.web.settings import Settings

    if host in ("0.0.0.0", "::"):
        remedy = "name the address that the others will open, so that no page elsewhere can pretend to be this one"
        raise CvkitError("host-any", came=f"{host} stands for every address of this machine", remedy=remedy)
    folders = carried() | {folder: Path(folder) for folder in generators}
    describe({name: str(folder) for name, folder in folders.items()})  # or say now what is wrong with one
    hosts = ("127.0.0.1", "localhost", "[::1]", f"[{host}]".lower() if ":" in host else host.lower())
    limits = {"max_bytes": max_mb * MB, "max_pixels": max_pixels, "seconds": seconds}

    def tell(address: str) -> None:
        click.echo(f"cvkit is at {shown(address)}\nCtrl-C ends it.")
        if not no_browser:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(address)

    serve(Settings(hosts=hosts, generators=folders, **limits), host=host, port=port, tell=tell)
