"""HTTP in: views verify, parse, call one use case and answer."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import Settings
from app.tracing import is_traced
from app.usecases.services import Services
from app.web import error_answers as errors
from app.web import merchant, operations, pages, points_api, storefront_api
from app.web import request_spans as tracing
from app.web.limiting import RequestLimiter, open_storage
from app.web.refusing_nul import refuse_nul
from app.web.saleor import deliveries as webhooks
from app.web.saleor import installation, payment_requests, payments
from app.web.server.receiving import BODY_BYTES_MAX
from app.web.shoppers import brand_files as brands
from app.web.shoppers import claim_page as claims
from app.web.shoppers import opt_out_page as opt_outs
from app.web.shoppers import order_link_page as order_links
from app.web.shoppers import test_claim_page as test_claims
from app.web.shoppers import wallet
from app.web.shoppers.page_setup import set_up_shopper_pages
from app.web.shoppers.speech import set_up_speech
from app.web.storefront_api import component


def create_app(services: Services, settings: Settings) -> Flask:
    """Build the web application. Nothing that Saleor calls may redirect: it refuses redirects."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.jinja_env.globals["app_name"] = settings.app_name
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of the default provider
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # Flask's way
    refuse_nul(app)
    app.register_blueprint(installation.blueprint(services))
    app.register_blueprint(webhooks.blueprint(services))
    app.register_blueprint(payments.blueprint(services))
    app.register_blueprint(payment_requests.blueprint(services))
    set_up_speech(app)
    set_up_shopper_pages(app)
    storage = open_storage(settings.limits_storage_url)
    own_urls = (settings.claim_url_base, settings.browser_url)
    app.register_blueprint(
        order_links.blueprint(services, RequestLimiter(order_links.LIMIT, name="order links", storage=storage), own_urls)
    )
    app.register_blueprint(
        claims.blueprint(
            services,
            RequestLimiter(claims.LIMIT, name="claims", storage=storage),
            guesses=RequestLimiter(claims.GUESSES_LIMIT, name="guesses", storage=storage),
            all_guesses=RequestLimiter(claims.ALL_GUESSES_LIMIT, name="all guesses", storage=storage),
            own_urls=own_urls,
        )
    )
    app.register_blueprint(
        test_claims.blueprint(services, RequestLimiter(test_claims.LIMIT, name="test claims", storage=storage), own_urls)
    )
    app.register_blueprint(opt_outs.blueprint(services, RequestLimiter(opt_outs.LIMIT, name="opt-outs", storage=storage)))
    app.register_blueprint(
        wallet.blueprint(
            services,
            wallet.WalletLimits(
                RequestLimiter(wallet.WalletLimits.REQUESTS, name="wallet", storage=storage),
                RequestLimiter(wallet.WalletLimits.MAILS, name="wallet mails", storage=storage),
                RequestLimiter(wallet.WalletLimits.MAILS_IN_STORE, name="wallet mails of a store", storage=storage),
                RequestLimiter(wallet.WalletLimits.DIGITS, name="wallet digits", storage=storage),
                RequestLimiter(wallet.WalletLimits.DATA, name="wallet data", storage=storage),
            ),
            own_urls=own_urls,
            is_secure=settings.app_env == "production" or settings.claim_url_base.startswith("https://"),
        )
    )
    app.register_blueprint(brands.blueprint(services))
    app.register_blueprint(
        points_api.blueprint(
            services,
            per_address=RequestLimiter(settings.api_limit_per_address, name="api address", storage=storage),
            per_key=RequestLimiter(settings.api_limit_per_key, name="api key", storage=storage),
        )
    )
    app.register_blueprint(
        storefront_api.blueprint(
            services,
            per_address=RequestLimiter(settings.storefront_limit_per_address, name="storefront address", storage=storage),
            per_customer=RequestLimiter(settings.storefront_limit_per_customer, name="storefront customer", storage=storage),
        )
    )
    app.register_blueprint(component.blueprint())
    app.register_blueprint(pages.blueprint(settings))
    app.register_blueprint(merchant.blueprint(services, settings))
    app.register_blueprint(operations.blueprint(services, settings))
    errors.register(app)
    if is_traced():
        tracing.register(app)
    return app
