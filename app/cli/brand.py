"""How a shop looks to its shoppers, typed."""

from pathlib import Path

import click

from app.cli.operating import open_services, option_who_if_any, table
from app.usecases.merchants import change_brand as brands
from app.usecases.merchants.read_logo import LOGO_BYTES_MAX


@click.command()
@click.argument("slug")
@click.option("--name", help="The shop's name, as shoppers know it.")
@click.option("--accent", metavar="#RRGGBB", help="The colour of buttons and links; empty for ours.")
@click.option("--text", help="A few words of the shop's own on its claim pages; empty for none.")
@click.option("--logo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A PNG, JPEG or WebP picture.")
@click.option("--no-logo", is_flag=True, help="Remove the logo.")
@option_who_if_any
def brand(
    *,
    slug: str,
    name: str | None,
    accent: str | None,
    text: str | None,
    logo: Path | None,
    no_logo: bool,
    who: str | None,
) -> None:
    """Show how the shop SLUG looks on claim pages and order links, or change it."""
    with open_services() as services:
        if name is None and accent is None and text is None and logo is None and not no_logo:
            shown = brands.show_brand(services, slug)
        else:
            picture = _read(logo) if logo is not None else None
            shown = brands.change_brand(
                services, slug, name=name, accent=accent, text=text, logo=picture, remove_logo=no_logo, who=who
            )
    rows = [("name", shown.name), ("accent", shown.accent or "ours"), ("text", shown.text or "none")]
    click.echo(table((shown.slug, ""), [*rows, ("logo", "yes" if shown.logo_mark else "none")]))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LOGO_BYTES_MAX + 1)
