"""Reports of defects (Sentry) and traces (OpenTelemetry), for operators who switch them on. Their packages come with the
extra `reporting`, and are loaded by nobody else.
"""

from typing import Any

from app.errors import BadSetting
from app.logs import blotted
from app.settings import Settings
from app.tracing import use_tracer

_MISSING = "{}: the packages for it are not installed; install saleor-points[reporting]"


def set_up_reporting(settings: Settings, *, version: str) -> None:
    """Switch on what the settings ask for.

    Raises BadSetting, naming the variable, when its packages are missing.
    """
    if settings.sentry_dsn.get_secret_value():
        _set_up_sentry(settings, version)
    if settings.otel_exporter_otlp_endpoint:
        _set_up_tracing(settings, version)


def _set_up_sentry(settings: Settings, version: str) -> None:
    try:
        import sentry_sdk  # noqa: PLC0415 - only for who asks for it
    except ImportError:
        raise BadSetting(_MISSING.format("SENTRY_DSN")) from None
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        release=version,
        environment=settings.app_env,
        send_default_pii=False,
        # Variables and bodies hold tokens and addresses; a place in the code is enough.
        include_local_variables=False,
        max_request_body_size="never",
        before_send=lambda event, _hint: scrubbed(event),
        before_breadcrumb=lambda crumb, _hint: scrubbed(crumb),
    )


def _set_up_tracing(settings: Settings, version: str) -> None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - only for who asks for it
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased  # noqa: PLC0415
    except ImportError:
        raise BadSetting(_MISSING.format("OTEL_EXPORTER_OTLP_ENDPOINT")) from None
    provider = TracerProvider(
        resource=Resource.create({"service.name": "saleor-points", "service.version": version}),
        # Saleor's own traceparent decides whether a delivery is traced.
        sampler=ParentBased(ALWAYS_ON),
    )
    exporter = OTLPSpanExporter(endpoint=f"{settings.otel_exporter_otlp_endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    use_tracer(provider.get_tracer("app"))


def scrubbed(value: Any) -> Any:
    """Give a report with every secret and e-mail address in its texts blotted out."""
    if isinstance(value, str):
        return blotted(value)
    if isinstance(value, dict):
        return {key: scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(item) for item in value]
    return value
