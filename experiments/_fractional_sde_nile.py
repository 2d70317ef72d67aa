"""Real data of the experiment `fractional-sde`: a hundred years of the Nile, with which Hurst began.

The annual flows are taken as a level plus fractional Gaussian noise, the increments of fractional Brownian motion over one year. Level
and scale are eliminated, which leaves a profile of the likelihood over the Hurst index: once under the exact law, once under that of
the Markov approximation. Memory and a change of level look alike, so each model comes with and without the fall of 1899.

Source: Hurst, "Long-term storage capacity of reservoirs", Transactions of the American Society of Civil Engineers 116, 1951; Cobb, "The
problem of the Nile: conditional solution to a changepoint problem", Biometrika 65, 1978, whose series it is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiment import Cell, Claim, Table
from sciml.solvers import MarkovFBM, fbm_covariance, sample_fgn
from sciml.solvers.fractional import gaussian_log_likelihood

INDICES = np.linspace(0.03, 0.97, 95)
"""Where the profiles are evaluated; 1/2 is one of them."""
CUT = 1.9207
"""Half the 95 per cent point of chi-square with one degree of freedom."""
FIRST_LOW_YEAR = 1899
SLOWEST, FASTEST, WINDOW = 1e-3, 10.0, 20.0
"""Rates per year, and the years on which the weights are optimal: beyond the longest time of relaxation they would fit nothing."""
NARROW = (0.05, 20.0, 100.0)
"""Rates and window as for the bridges, in years and over the whole record: for comparison."""
MISSING = "statsmodels is not installed, the Nile is left out: pip install 'sciml[data]'"

Covariances = dict[str, np.ndarray]


class Profile(NamedTuple):
    """Log-likelihood over the Hurst index."""

    values: np.ndarray

    @property
    def white(self) -> float:
        """At 1/2: independent years."""
        return float(self.values[np.argmin(np.abs(INDICES - 0.5))])

    @property
    def peak(self) -> tuple[float, float]:
        """Index and value at the top of the parabola through the highest point and its neighbours."""
        at = int(np.argmax(self.values))
        if at in (0, len(INDICES) - 1):
            return float(INDICES[at]), float(self.values[at])
        left, top, right = self.values[at - 1 : at + 2]
        shift = 0.5 * (left - right) / (left - 2 * top + right)
        return float(INDICES[at] + shift * (INDICES[1] - INDICES[0])), float(top - 0.25 * (left - right) * shift)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the interval of likelihood ratio, 95 per cent; ends of the range where it goes on."""
        above = self.values - (self.peak[1] - CUT)
        inside = np.flatnonzero(above > 0)
        first, last = int(inside[0]), int(inside[-1])
        return _crossing(above, first - 1, first), _crossing(above, last + 1, last)


class Nile(NamedTuple):
    """Flows, and profiles by law without and with the change of level; how simulated series are judged."""

    years: np.ndarray
    flows: np.ndarray
    plain: dict[str, Profile]
    changed: dict[str, Profile]
    levels: tuple[float, float, float]
    """Mean flow; before and from 1899 on."""
    drawn: dict[str, tuple[float, float, float]]
    """Mean and deviation of the estimates, share of intervals above 1/2."""


def load_nile() -> tuple[np.ndarray, np.ndarray] | None:
    """Years 1871 to 1970 and annual flows at Aswan in 1e8 cubic metres; None without statsmodels."""
    try:
        from statsmodels.datasets import nile
    except ImportError:
        return None
    data: Any = nile.load_pandas().data
    return np.asarray(data["year"], np.float64), np.asarray(data["volume"], np.float64)


def measure_nile(rates: int, series: int, key: jax.Array) -> Nile | None:
    """Profiles of the record and of `series` simulated ones of each kind; double precision. None without statsmodels.

    Args:
        rates: Ornstein-Uhlenbeck processes of the approximation.
        series: simulated series.
        key: random key of these.
    """
    found = load_nile()
    if found is None:
        return None
    years, flows = found
    constant, change = designs(years)
    covariances = laws(len(years), rates)
    plain = {law: profiles(flows[None], constant, every)[0] for law, every in covariances.items()}
    changed = {law: profiles(flows[None], change, every)[0] for law, every in covariances.items()}
    before, after = (float(flows[part].mean()) for part in (years < FIRST_LOW_YEAR, years >= FIRST_LOW_YEAR))
    spread = float((flows - np.where(years < FIRST_LOW_YEAR, before, after)).std())
    drawn = _draw(years, (before - after) / spread, plain["exact"].peak[0], covariances["exact"], series, key)
    return Nile(years, flows, plain, changed, (float(flows.mean()), before, after), drawn)


def designs(years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Regressors: a constant; a constant and what begins in 1899."""
    constant = np.ones((len(years), 1))
    return constant, np.concatenate([constant, (years >= FIRST_LOW_YEAR).astype(float)[:, None]], axis=1)


def laws(years: int, rates: int) -> Covariances:
    """Covariances of fractional Gaussian noise at all `INDICES`: exact, approximate, and approximate with the rates of the bridges."""
    return {
        "exact": np.stack([exact_covariance(years, float(index)) for index in INDICES]),
        "Markov": markov_covariances(years, np.geomspace(SLOWEST, FASTEST, rates), WINDOW),
        "Markov, narrow": markov_covariances(years, np.geomspace(*NARROW[:2], rates), NARROW[2]),
    }


def exact_covariance(years: int, hurst: float) -> np.ndarray:
    """Of unit-variance fractional Gaussian noise over steps of one year."""
    times = np.arange(years + 1.0)
    # E B(1) (B(k + 1) - B(k)): the increments are stationary.
    return _toeplitz(np.diff(fbm_covariance(np.ones(years + 1), times, hurst)))


def markov_covariances(years: int, rates: np.ndarray, window: float) -> np.ndarray:
    """The same under the approximation, for all `INDICES`; kind I has stationary increments too."""

    def one(index: jax.Array) -> jax.Array:
        noise = MarkovFBM(index, tuple(rates.tolist()), horizon=window)
        times = jnp.arange(years + 1, dtype=index.dtype)
        return jnp.diff(noise.covariance(jnp.ones_like(times), times))

    rows = jax.jit(lambda indices: jax.lax.map(one, indices))(jnp.asarray(INDICES))
    return np.stack([_toeplitz(row) for row in np.asarray(rows)])


def _toeplitz(row: np.ndarray) -> np.ndarray:
    at = np.arange(len(row))
    return row[np.abs(at[:, None] - at[None, :])]


def _crossing(above: np.ndarray, outside: int, inside: int) -> float:
    """Zero between two neighbours, or the end of the range."""
    if not 0 <= outside < len(above):
        return float(INDICES[inside])
    share = above[inside] / (above[inside] - above[outside])
    return float(INDICES[inside] + share * (INDICES[outside] - INDICES[inside]))


@jax.jit
def _profiles(series: jax.Array, design: jax.Array, covariances: jax.Array) -> jax.Array:
    def one(covariance: jax.Array) -> jax.Array:
        root = jnp.linalg.cholesky(covariance)
        both = jax.scipy.linalg.solve_triangular(root, jnp.concatenate([design, series.T], axis=1), lower=True)
        regressors, white = both[:, : design.shape[1]], both[:, design.shape[1] :]
        # Orthogonal regressors one after the other: there are at most two.
        for column in range(design.shape[1]):
            along = regressors[:, column] / jnp.linalg.norm(regressors[:, column])
            regressors = regressors - along[:, None] * (along @ regressors)[None, :]
            white = white - along[:, None] * (along @ white)[None, :]
        scale = jnp.sqrt(jnp.mean(white**2, axis=0))
        rest = (root @ white).T / scale[:, None]
        return gaussian_log_likelihood(rest, covariance) - series.shape[1] * jnp.log(scale)

    return jax.lax.map(one, covariances)


def profiles(series: np.ndarray, design: np.ndarray, covariances: np.ndarray) -> list[Profile]:
    """Log-likelihoods `(indices,)` of each series with regression coefficients and scale at their best for each index."""
    values = np.asarray(_profiles(jnp.asarray(series), jnp.asarray(design), jnp.asarray(covariances)))
    return [Profile(values[:, number]) for number in range(len(series))]


def _draw(
    years: np.ndarray, fall: float, hurst: float, covariances: np.ndarray, series: int, key: jax.Array
) -> dict[str, tuple[float, float, float]]:
    """What the exact law makes of series that are known to be: memory; independent years; independent years with a fall."""
    one, two = jax.random.split(key)
    shape = (series, len(years))
    white = np.asarray(jax.random.normal(two, shape, float))
    known = {
        f"memory, H = {hurst:.2f}": np.asarray(sample_fgn(hurst, len(years), shape=(series,), key=one)),
        "independent years": white,
        f"independent years and a fall by {fall:.1f} deviations": white - fall * (years >= FIRST_LOW_YEAR),
    }
    found: dict[str, tuple[float, float, float]] = {}
    for name, values in known.items():
        each = profiles(values, designs(years)[0], covariances)
        estimates = np.asarray([one.peak[0] for one in each])
        found[name] = (
            float(estimates.mean()),
            float(estimates.std()),
            float(np.mean([one.interval[0] > 0.5 for one in each])),
        )
    return found


# --- report -----------------------------------------------------------------------------------------------------------


def nile_metrics(nile: Nile) -> dict[str, float]:
    """Plain numbers."""
    metrics: dict[str, float] = {}
    for model, every in (("", nile.plain), ("changed_", nile.changed)):
        for law, one in (("exact", every["exact"]), ("markov", every["Markov"])):
            metrics[f"nile_{model}{law}"] = one.peak[0]
            metrics[f"nile_{model}{law}_low"], metrics[f"nile_{model}{law}_high"] = one.interval
            metrics[f"nile_{model}{law}_gain"] = one.peak[1] - one.white
    return metrics


def nile_claims(nile: Nile) -> list[Claim]:
    """The approximation against the exact law, memory against none, memory against a change of level."""

    def apart(take: Callable[[Profile], float]) -> float:
        return max(abs(take(every["Markov"]) - take(every["exact"])) for every in (nile.plain, nile.changed))

    exact, changed = nile.plain["exact"], nile.changed["exact"]
    return [
        Claim("Nile: Hurst index by the approximation against the exact law, worse model", apart(lambda p: p.peak[0]), 0.02),
        Claim("Nile: largest log-likelihood by the approximation against the exact law", apart(lambda p: p.peak[1]), 0.5),
        Claim("Nile: lower end of the 95 % interval of the Hurst index", exact.interval[0], 0.5, ">"),
        Claim("Nile: log-likelihood of memory minus that of independent years (5 % level)", exact.peak[1] - exact.white, CUT, ">"),
        Claim("Nile, change of 1899 in the model: the same difference is not significant", changed.peak[1] - changed.white, CUT),
        Claim("Nile: log-likelihood of the change alone minus that of memory alone", changed.white - exact.peak[1], 0.0, ">"),
    ]  # fmt: skip


def nile_tables(nile: Nile | None) -> list[Table]:
    """Estimates and simulated series, or why there are none."""
    if nile is None:
        return [Table("Annual flow of the Nile", ("",), ((MISSING,),))]
    rows: list[tuple[Cell, ...]] = []
    for model, every in (("level", nile.plain), ("level, change in 1899", nile.changed)):
        for law, one in every.items():
            low, high = one.interval
            rows.append((f"{model}: {law}", one.peak[0], low, high, one.white, one.peak[1], one.peak[1] - one.white))
    columns = ("", "H", "95 % from", "to", "log-likelihood, H = 1/2", "at H", "gain")
    drawn = tuple((name, *numbers) for name, numbers in nile.drawn.items())
    judged = ("", "mean H", "deviation", "interval above 1/2")
    return [
        Table("Annual flow of the Nile at Aswan, 1871 to 1970", columns, tuple(rows)),
        Table("Simulated series of a hundred years, judged by the exact law without a change", judged, drawn),
    ]
