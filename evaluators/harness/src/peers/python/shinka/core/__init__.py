"""What evaluators import of ShinkaEvolve. The rest comes from the package itself, where it is
installed."""

from pkgutil import extend_path

from .wrap_eval import run_shinka_eval, save_json_results

__path__ = extend_path(__path__, __name__)
__all__ = ["run_shinka_eval", "save_json_results"]
