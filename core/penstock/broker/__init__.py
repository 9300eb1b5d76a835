"""The broker: taskiq over the engine and the ledger."""

from penstock.broker.broker import Broker
from penstock.broker.consumer import Consumer
from penstock.broker.delivery import Delivery
from penstock.broker.grant_table import GrantTable
from penstock.broker.leases import LeaseTable
from penstock.broker.log_writer import LogLimits
from penstock.broker.outcomes import OutcomeWriter
from penstock.broker.providers import Providers
from penstock.broker.receiver import Receiver
from penstock.broker.reports import Reports
from penstock.broker.results import result_backend
from penstock.broker.services import Services
from penstock.broker.settings_of import settings_of

__all__ = [
    "Broker",
    "Consumer",
    "Delivery",
    "GrantTable",
    "LeaseTable",
    "LogLimits",
    "OutcomeWriter",
    "Providers",
    "Receiver",
    "Reports",
    "Services",
    "result_backend",
    "settings_of",
]
