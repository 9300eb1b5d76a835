"""The broker: taskiq over the engine and the ledger."""

from penstock.broker.broker import Broker
from penstock.broker.consumer import Consumer
from penstock.broker.delivery import Delivery
from penstock.broker.grant_table import GrantTable
from penstock.broker.leases import LeaseTable
from penstock.broker.outcomes import OutcomeWriter
from penstock.broker.progress import ProgressWriter
from penstock.broker.providers import Providers
from penstock.broker.receiver import Receiver
from penstock.broker.results import result_backend
from penstock.broker.services import Services

__all__ = [
    "Broker",
    "Consumer",
    "Delivery",
    "GrantTable",
    "LeaseTable",
    "OutcomeWriter",
    "ProgressWriter",
    "Providers",
    "Receiver",
    "Services",
    "result_backend",
]
