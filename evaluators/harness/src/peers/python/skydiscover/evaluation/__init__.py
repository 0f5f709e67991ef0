"""What evaluators import of SkyDiscover. The rest comes from the package itself, where it is
installed."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
