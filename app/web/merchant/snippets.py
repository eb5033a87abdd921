"""What a shop puts into its mail templates, with its own order link filled in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a mail template. `id` names it on the page."""

    id: str
    where: str
    when: str
    text: str


def snippets(claim_url_base: str, slug: str) -> tuple[Snippet, ...]:
    """Write the snippets of a store. docs/merchant/mails.md has the same."""
    link = f"{claim_url_base}/orders/{slug}?o="
    always, later = "in every mail, also in the first", "in later mails, only if there are points"
    spent = "in later mails, only if points paid a part"
    return (
        Snippet("link", "Any other mail", "the link itself; put Saleor's order id behind it, URL-encoded", link),
        Snippet(
            "smtp-always",
            "SMTP app (MJML)",
            always,
            f'<mj-button href="{link}{{{{url_encode order.id}}}}">Your points for this order</mj-button>',
        ),
        Snippet(
            "smtp-later",
            "SMTP app (MJML)",
            later,
            '{{#each order.metadata}}{{#eq key "points_claim_url"}}'
            f'{{{{#startsWith "{claim_url_base}/" value}}}}'
            '<mj-button href="{{value}}">Your points</mj-button>{{/startsWith}}'
            "{{/eq}}{{/each}}",
        ),
        Snippet(
            "smtp-spent",
            "SMTP app (MJML)",
            spent,
            '{{#each order.metadata}}{{#eq key "points_spent"}}{{#if value}}'
            "<mj-text>You paid with {{value}} points.</mj-text>{{/if}}{{/eq}}{{/each}}",
        ),
        Snippet(
            "plugin-always",
            "Saleor's own e-mail plugin",
            always,
            f'<a href="{link}{{{{order.id}}}}">Your points for this order</a>',
        ),
        Snippet(
            "plugin-later",
            "Saleor's own e-mail plugin",
            later,
            '{{#if order.metadata.points_claim_url}}<a href="{{order.metadata.points_claim_url}}">Your points</a>{{/if}}',
        ),
        Snippet(
            "plugin-spent",
            "Saleor's own e-mail plugin",
            spent,
            "{{#if order.metadata.points_spent}}You paid with {{order.metadata.points_spent}} points.{{/if}}",
        ),
    )
