"""All errors of the app, as one tree.

    AppError
    ├── BadSetting              a setting is wrong; start-up stops and names it
    ├── Refused                 a request that we will not serve, however often it is repeated
    │   ├── NotAllowed          this Saleor may not install the app
    │   ├── NotASaleor          what answers at that URL is not a Saleor, or does not know the token
    │   ├── NotThisApp          the token belongs to another app than this one
    │   ├── BadRequest          the request itself makes no sense
    │   ├── BadSignature        a delivery that its store has not signed
    │   ├── TokenRefused        a token of the Dashboard or of a shopper that expired, or was not made for this app
    │   ├── NotPermitted        a staff user, or this app, lacks the permission that this needs
    │   ├── UnknownStore        no such store is installed
    │   ├── NoStorefront        no store of this name serves storefronts
    │   ├── NoWallet            no store of this name has its wallet switched on
    │   ├── NotConfirmed        the shopper has not confirmed the e-mail address
    │   ├── NoClaim             no claim of this id waits for the shopper, or did
    │   ├── NoPointsOnCheckout  the shopper's points pay nothing of this checkout
    │   ├── PaymentTooNew       Saleor is still asked whether it booked the shopper's payment
    │   ├── ClaimOver           the claim expired or was withdrawn before the shopper took it
    │   ├── NoReward            the store has no such reward
    │   ├── RewardNotTaken      the shopper cannot take this reward; the code says why
    │   ├── NoCheckout          no open checkout has this id
    │   ├── NoVariant           a product's variant is not sold in the channel
    │   ├── NoRedemption        no reward of this id was taken by the shopper
    │   ├── NotWithdrawn        a reward that was taken cannot be given back now
    │   ├── UnknownKey          no such key opens the Points API, or it was revoked
    │   └── KeyReused           an Idempotency-Key came again, with another request
    ├── Unavailable             a fault that a later attempt can mend
    │   ├── Crowded             as many requests wait for the outside already as may
    │   ├── SaleorUnreachable   no connection, no answer in time, 5xx, or an answer cut short
    │   ├── SaleorFault         Saleor answered with an error; one item of the request may be to blame
    │   ├── SaleorBusy          Saleor asks for patience (429)
    │   └── MailServerDown      the mail server cannot be reached, or broke off before it was given a mail
    ├── SaleorRefused           Saleor understood and said no: a revoked token, a missing permission
    └── MailServerRefused       the mail server does not let us in: a wrong password, no encryption

`code` is what is logged and answered, `permanent` says whether asking again is pointless. A message is one sentence for a
merchant: it holds no token, no key and no e-mail.
"""

from datetime import timedelta


class AppError(Exception):
    """Anything that this app reports as its own."""

    code = "ERROR"
    permanent = True
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadSetting(AppError):
    """A setting is missing or wrong. The message names it."""

    code = "BAD_SETTING"


class Refused(AppError):
    """A request that will not be served, however often it is repeated."""

    code = "REFUSED"
    status = 400


class NotAllowed(Refused):
    """This Saleor is not on the list of those that may install the app."""

    code = "SALEOR_URL_PROHIBITED"
    status = 403


class NotASaleor(Refused):
    """What answers at the API URL is not a Saleor that knows this token."""

    code = "UNKNOWN_APP_ID"
    status = 401


class NotThisApp(Refused):
    """The token belongs to another app of that Saleor, or to a second installation beside the one in use."""

    code = "ANOTHER_APP"
    status = 403


class BadRequest(Refused):
    """The request cannot be read."""

    code = "BAD_REQUEST"


class BadSignature(Refused):
    """The delivery does not carry a signature of the store that it names."""

    code = "SIGNATURE_VERIFICATION_FAILED"
    status = 401


class TokenRefused(Refused):
    """The token of the Dashboard or of a shopper is over, or was never made for this. A fresh one may pass."""

    code = "TOKEN_REFUSED"
    status = 401


class NotPermitted(Refused):
    """The staff user, or this app itself, lacks the permission that this needs."""

    code = "NOT_PERMITTED"
    status = 403


class UnknownStore(Refused):
    """No installed store has this API URL."""

    code = "NOT_REGISTERED"
    status = 401


class NoStorefront(Refused):
    """There is no such store, or its merchant has not switched the storefront API on: a stranger cannot tell which."""

    code = "NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("No store of this name serves storefronts. A merchant switches it on in Settings, Storefront API.")


class NoWallet(Refused):
    """There is no such store, or its merchant has not switched the wallet on: a stranger cannot tell which."""

    code = "NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("No store of this name has a wallet. A merchant switches it on in Settings, Wallet.")


class NotConfirmed(Refused):
    """The shopper is signed in, but nobody has shown yet that the e-mail address is theirs."""

    code = "NOT_CONFIRMED"
    status = 403

    def __init__(self) -> None:
        super().__init__("The shopper has not confirmed the e-mail address. Until then nobody's points are shown.")


class NoClaim(Refused):
    """No claim of this id is the shopper's, or their points are kept elsewhere."""

    code = "CLAIM_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("No claim of this id can be taken here for this shopper.")


class ClaimOver(Refused):
    """The claim's time is over, or it was withdrawn: its order was refunded, cancelled, or has another claim now."""

    code = "CLAIM_OVER"
    status = 409

    def __init__(self) -> None:
        super().__init__("The claim has expired or was withdrawn. Its points cannot be claimed any more.")


class NoPointsOnCheckout(Refused):
    """The shopper's points pay nothing of this checkout, or it is an order by now."""

    code = "NO_POINTS_ON_CHECKOUT"
    status = 404

    def __init__(self) -> None:
        super().__init__("The points of this customer pay nothing of this checkout, or it is an order by now.")


class PaymentTooNew(Refused):
    """Saleor is asked about two minutes after a payment whether it booked it. Until then nothing of it can go back."""

    code = "PAYMENT_TOO_NEW"
    status = 409

    def __init__(self) -> None:
        super().__init__("Saleor is still asked whether it booked this payment. Ask again in some minutes.")


class NoReward(Refused):
    """The store has no reward of this id."""

    code = "REWARD_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("This store has no such reward.")


class RewardNotTaken(Refused):
    """The shopper cannot take this reward. `code` says why: one of those that storefronts read."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NoCheckout(Refused):
    """No open checkout has this id: there never was one, or it is an order by now."""

    code = "CHECKOUT_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("No open checkout has this id. One that was completed is an order.")


class NoVariant(Refused):
    """A variant that was asked about is not sold in the channel, or the shop does not show it."""

    code = "VARIANT_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("A variant of these is not sold in this channel, or there is no such channel.")


class NoRedemption(Refused):
    """No reward of this id was taken by the shopper."""

    code = "REDEMPTION_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__("No reward of this id was taken by this shopper.")


class NotWithdrawn(Refused):
    """A reward that was taken cannot be given back now: it was used, is over, or its points are not taken yet."""

    code = "NOT_WITHDRAWN"
    status = 409


class UnknownKey(Refused):
    """The Points API is not open to this key."""

    code = "UNKNOWN_KEY"
    status = 401

    def __init__(self) -> None:
        super().__init__("The API key is missing, unknown or revoked.")


class KeyReused(Refused):
    """Another request was made under this Idempotency-Key before."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came before with another request. Nothing was done.")


class Unavailable(AppError):
    """A fault that a later attempt can mend."""

    code = "UNAVAILABLE"
    permanent = False
    status = 503


class Crowded(Unavailable):
    """As many requests of this kind wait for the outside as may. Nothing was done."""

    code = "CROWDED"

    def __init__(self) -> None:
        super().__init__("Too many requests of this kind are waiting for an answer already. Try again in a few seconds.")


class SaleorUnreachable(Unavailable):
    """No connection, no answer in time, a 5xx, or an answer that is cut short or cannot be read."""

    code = "SALEOR_UNREACHABLE"


class SaleorNotPublic(SaleorUnreachable):
    """A Saleor stands in a private network, and the operator named neither its host nor its domain."""


class SaleorFault(Unavailable):
    """Saleor answered with an error of its own. One item of the request may be to blame."""

    code = "SALEOR_FAULT"


class SaleorBusy(Unavailable):
    """Saleor asks for patience."""

    code = "SALEOR_BUSY"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SaleorRefused(AppError):
    """Saleor understood the request and refused it."""

    code = "SALEOR_REFUSED"
    status = 403


class MailServerDown(Unavailable):
    """The mail server cannot be reached, or broke off before it was given a mail."""

    code = "MAIL_SERVER_DOWN"


class MailServerRefused(AppError):
    """The mail server does not let us in: a wrong password, no encryption. Somebody has to change MAIL_URL, or the server."""

    code = "MAIL_SERVER_REFUSED"
