"""ParameterSpace: what is free, by which rule, and the way there and back."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from sciml.parameters import (
    Fixed,
    Gamma,
    Interval,
    LogNormal,
    Normal,
    Ordered,
    ParameterSpace,
    Positive,
    Real,
    Simplex,
    Uniform,
    parameter,
    positive,
    real,
)
from sciml.physics import Burgers


class Inner(eqx.Module):
    lengthscale: Array = positive()
    shift: Array = real()


class Outer(eqx.Module):
    parts: tuple[Inner, ...]
    fraction: Array = parameter(Interval(0.0, 1.0))
    frozen: Array = parameter(Fixed())
    weights: Array = eqx.field(converter=jnp.asarray, default=1.0)
    count: Array = eqx.field(converter=jnp.asarray, default=3)
    activation: object = jnp.tanh


@pytest.fixture
def model():
    parts = (Inner(2.0, jnp.zeros(2)), Inner(jnp.array([0.5, 0.7], jnp.float32), -1.0))
    return Outer(parts, 0.25, 4.0)


def constraints(space):
    return {parameter.name: parameter.constraint for parameter in space.parameters}


def test_the_fields_decide_without_rules(model):
    assert constraints(ParameterSpace(model)) == {
        "parts.0.lengthscale": Positive(),
        "parts.0.shift": Real(),
        "parts.1.lengthscale": Positive(),
        "parts.1.shift": Real(),
        "fraction": Interval(0.0, 1.0),
        "weights": Real(),
    }


def test_there_and_back_keeps_values_and_dtypes(model):
    space = ParameterSpace(model)
    free = eqx.filter_jit(lambda space, model: space.free(model))(space, model)
    assert free.shape == (space.size,) == (8,) and free.dtype == jnp.float64
    again = eqx.filter_jit(lambda space, free: space.model(free))(space, free)
    for old, new in zip(
        jax.tree.leaves(eqx.filter(model, eqx.is_array)), jax.tree.leaves(eqx.filter(again, eqx.is_array))
    ):
        assert old.dtype == new.dtype
        np.testing.assert_allclose(old, new, rtol=1e-6)
    assert again.activation is jnp.tanh
    with pytest.raises(ValueError, match=r"vector of 8 numbers \(parts.0.lengthscale"):
        space.model(jnp.zeros(3))


def test_rules_by_name_pattern_and_subtree(model):
    rules = {
        "parts.1": Fixed(),
        "*.lengthscale": LogNormal(1.0, 0.5),
        "parts.0.shift": (Positive(-1.0), Normal(0.0, 1.0)),
        "fraction": Normal(0.5, 0.1),
        "weights": Uniform(0.0, 2.0),
    }
    space = ParameterSpace(model, rules)
    assert constraints(space) == {
        "parts.0.lengthscale": Positive(),
        "parts.0.shift": Positive(-1.0),
        "parts.1.lengthscale": Positive(),  # the later pattern wins
        "fraction": Interval(0.0, 1.0),  # a prior on all numbers keeps what the field declares
        "weights": Interval(0.0, 2.0),
    }
    everything = ParameterSpace(model, {"*": Fixed(), "frozen": Positive(), "fraction": Real()})
    assert constraints(everything) == {"frozen": Positive(), "fraction": Real()}
    assert "fixed" in repr(everything) and "Positive(0)" in repr(everything)


def test_coefficients_of_an_equation_are_free_where_named():
    space = ParameterSpace(Burgers(viscosity=0.1), {"viscosity": Positive()})
    assert space.names == ("viscosity",)
    equation = space.model(space.free(space.template) + 1.0)
    assert abs(float(equation.viscosity) - 0.1 * np.e) < 1e-12 and equation.convection == 1.0
    assert ParameterSpace(Burgers()).names == ()


def test_the_prior_density_integrates_to_one_in_free_coordinates():
    space = ParameterSpace({"x": jnp.array(1.0)}, {"x": Gamma(3.0, 2.0)})
    free = jnp.linspace(-14.0, 5.0, 2001)[:, None]
    with_jacobian = jax.vmap(space.log_prior)(free)
    assert abs(float(jnp.trapezoid(jnp.exp(with_jacobian), free[:, 0])) - 1) < 1e-10
    values = jnp.exp(free[:, 0])
    without = jax.vmap(lambda f: space.log_prior(f, jacobian=False))(free)
    assert abs(float(jnp.trapezoid(jnp.exp(without), values)) - 1) < 1e-4
    # Without a prior an interval has the uniform law, and the simplex a flat one: volume 1 / 2 for three numbers.
    flat = ParameterSpace({"x": jnp.array(0.5)}, {"x": Interval(0.0, 4.0)})
    free = jnp.linspace(-40.0, 40.0, 4001)[:, None]
    assert abs(float(jnp.trapezoid(jnp.exp(jax.vmap(flat.log_prior)(free)), free[:, 0])) - 4) < 1e-10
    simplex = ParameterSpace({"w": jnp.array([0.2, 0.5, 0.3])}, {"w": Simplex()})
    line = jnp.linspace(-30.0, 30.0, 301)
    density = jax.vmap(jax.vmap(lambda a, b: jnp.exp(simplex.log_prior(jnp.stack([a, b]))), (None, 0)), (0, None))
    assert abs(float(density(line, line).sum() * 0.2**2) - 0.5) < 1e-6


def test_draws_come_from_the_priors_or_lie_around():
    model = {"a": jnp.array(2.0), "b": jnp.array([3.0, 3.0]), "c": jnp.array(1.0)}
    space = ParameterSpace(model, {"a": Uniform(1.0, 5.0), "c": (Positive(), Normal(-50.0, 1.0))})
    free = jax.vmap(lambda key: space.sample(spread=0.1, key=key))(jax.random.split(jax.random.key(0), 500))
    drawn = jax.vmap(space.model)(free)
    assert abs(float(drawn["a"].mean()) - 3.0) < 0.25 and float(drawn["a"].max()) > 4.8
    assert abs(float(drawn["b"].std()) - 0.3) < 0.03
    # The prior's draws violate the constraint here: around the present value instead.
    assert bool(jnp.all(drawn["c"] > 0.5)) and bool(jnp.all(drawn["c"] < 2.0))


@pytest.mark.parametrize("constraint, value", [(Simplex(), [2.0, 3.0]), (Ordered(), [2.0, 1.0])])
def test_a_value_outside_a_joint_constraint_is_refused(constraint, value):
    with pytest.raises(ValueError, match="weights"):
        ParameterSpace({"weights": jnp.array(value)}, {"weights": constraint}).free({"weights": jnp.array(value)})


def test_mistakes_are_named(model):
    with pytest.raises(ValueError, match=r"'parts.0.lenghtscale'. Did you mean 'parts.0.lengthscale'.*Known: parts.0"):
        ParameterSpace(model, {"parts.0.lenghtscale": Positive()})
    with pytest.raises(TypeError, match="fraction"):
        ParameterSpace(model, {"fraction": 0.5})
    with pytest.raises(ValueError, match=r"parts.1.shift: the value -1.0 is outside"):
        ParameterSpace(model, {"parts.1.shift": Positive()})
