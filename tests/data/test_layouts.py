"""Files of datasets: our own layout and those of PDEBench, there and back, and what is refused."""

import h5py
import numpy as np
import pytest

from sciml.data import (
    DataFormatError,
    Dataset,
    read_dataset,
    read_hdf5,
    read_pdebench,
    write_hdf5,
    write_pdebench,
)

RANDOM = np.random.default_rng(0)
X, Y, T = np.arange(16) / 16, np.arange(8) / 4, np.asarray([0.0, 0.5, 1.0])


def trajectories(channels, *axes):
    shape = (5, len(T), channels, *(len(axis) for axis in axes))
    return Dataset(
        trajectories=RANDOM.normal(size=shape).astype(np.float32),
        coordinates=axes,
        times=T,
        parameters={"viscosity": np.asarray(0.1)},
        attributes={"equation": "Burgers"},
    )


def assert_same(first, second):
    for name in ("inputs", "outputs", "trajectories", "times"):
        one, two = getattr(first, name), getattr(second, name)
        assert (one is None) == (two is None)
        if one is not None:
            np.testing.assert_array_equal(one, two)
            assert one.dtype == two.dtype
    for one, two in zip(first.coordinates, second.coordinates, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("axes", [(X,), (X, Y), (X, Y, X)], ids=["1d", "2d", "3d"])
def test_own_layout_there_and_back(tmp_path, axes):
    data = trajectories(2, *axes)
    for written in (data, data.pairs()):
        write_hdf5(tmp_path / "data.h5", written)
        for read in (read_hdf5, read_dataset):
            again = read(tmp_path / "data.h5")
            assert_same(again, written)
            assert dict(again.attributes) == {"equation": "Burgers"} and again.parameters["viscosity"] == 0.1
    assert [p.name for p in tmp_path.iterdir()] == ["data.h5"]


def test_complex_states_and_parameters_of_each_sample(tmp_path):
    psi = RANDOM.normal(size=(5, 1, 16)) + 1j * RANDOM.normal(size=(5, 1, 16))
    data = Dataset(inputs=psi, outputs=psi**2, coordinates=(X,), parameters={"nu": np.arange(5.0)})
    write_hdf5(tmp_path / "data.h5", data)
    again = read_hdf5(tmp_path / "data.h5")
    assert_same(again, data)
    np.testing.assert_array_equal(again.parameters["nu"], np.arange(5.0))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("axes", [(X,), (X, Y)], ids=["1d", "2d"])
def test_pdebench_there_and_back(tmp_path, channels, axes):
    data = trajectories(channels, *axes)
    write_pdebench(tmp_path / "data.h5", data)
    assert_same(read_pdebench(tmp_path / "data.h5"), data)
    assert_same(read_dataset(tmp_path / "data.h5"), data)
    with h5py.File(tmp_path / "data.h5") as file:
        if len(axes) == channels == 1:
            assert file["tensor"].shape == (5, 3, 16) and set(file) == {"tensor", "x-coordinate", "t-coordinate"}
        else:
            assert sorted(file) == ["0000", "0001", "0002", "0003", "0004"]
            assert file["0000/data"].shape == (3, *(len(axis) for axis in axes), channels)


def test_parts_of_a_file(tmp_path):
    data = trajectories(2, X, Y)
    write_pdebench(tmp_path / "data.h5", data)
    part = read_pdebench(tmp_path / "data.h5", samples=slice(1, 3), times=slice(1, None), stride=2)
    np.testing.assert_array_equal(part.trajectories, data.trajectories[1:3, 1:, :, ::2, ::2])
    np.testing.assert_array_equal(part.times, T[1:])
    np.testing.assert_array_equal(part.coordinates[1], Y[::2])


def test_one_time_too_many_is_left_out(tmp_path):
    # As in the published one-dimensional files: edges of the time intervals.
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["tensor"] = RANDOM.normal(size=(4, 3, 16))
        file["x-coordinate"], file["t-coordinate"] = X, np.asarray([0.0, 0.5, 1.0, 1.5])
    read = read_pdebench(tmp_path / "data.h5")
    assert read.trajectories.shape == (4, 3, 1, 16) and read.times.tolist() == [0.0, 0.5, 1.0]
    with h5py.File(tmp_path / "data.h5", "a") as file:
        del file["t-coordinate"]
        file["t-coordinate"] = np.arange(9.0)
    with pytest.raises(DataFormatError, match="9 times for 3 states"):
        read_pdebench(tmp_path / "data.h5")


def test_compressible_flow_and_darcy(tmp_path):
    fields = {name: RANDOM.normal(size=(2, 3, 16, 8)) for name in ("density", "pressure", "Vx", "Vy")}
    with h5py.File(tmp_path / "flow.h5", "w") as file:
        for name, value in fields.items():
            file[name] = value
        file["x-coordinate"], file["y-coordinate"], file["t-coordinate"] = X, Y, T
    flow = read_dataset(tmp_path / "flow.h5")
    np.testing.assert_array_equal(flow.trajectories, np.stack(list(fields.values()), axis=2))
    assert flow.attributes["channels"] == list(fields)
    nu, solution = RANDOM.uniform(size=(4, 16, 8)), RANDOM.normal(size=(4, 1, 16, 8))
    with h5py.File(tmp_path / "darcy.h5", "w") as file:
        file["nu"], file["tensor"], file["x-coordinate"], file["y-coordinate"] = nu, solution, X, Y
        file.attrs["beta"] = 0.1
    darcy = read_dataset(tmp_path / "darcy.h5")
    np.testing.assert_array_equal(darcy.inputs, nu[:, None])
    np.testing.assert_array_equal(darcy.outputs, solution)
    assert darcy.attributes["beta"] == 0.1


@pytest.mark.parametrize("length", [0, 10, 600, 5000])
def test_truncated_files_are_refused(tmp_path, length):
    write_hdf5(tmp_path / "data.h5", trajectories(1, X))
    (tmp_path / "data.h5").write_bytes((tmp_path / "data.h5").read_bytes()[:length])
    for read in (read_hdf5, read_pdebench, read_dataset):
        with pytest.raises(DataFormatError, match="not an HDF5 file, or it is truncated or damaged"):
            read(tmp_path / "data.h5")


def test_foreign_and_missing_files_are_refused(tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(DataFormatError, match="not an HDF5 file"):
        read_dataset(tmp_path / "text.h5")
    with pytest.raises(FileNotFoundError):
        read_dataset(tmp_path / "missing.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["something"] = np.ones(3)
    with pytest.raises(DataFormatError, match=r"no layout of PDEBench.*'something'"):
        read_dataset(tmp_path / "other.h5")
    with pytest.raises(DataFormatError, match="not in the layout of `write_hdf5`"):
        read_hdf5(tmp_path / "other.h5")


def test_parts_that_do_not_fit_are_refused(tmp_path):
    write_hdf5(tmp_path / "data.h5", trajectories(1, X))
    with h5py.File(tmp_path / "data.h5", "a") as file:
        del file["coordinates/x"]
        file["coordinates/x"] = Y
    with pytest.raises(DataFormatError, match="do not fit together"):
        read_hdf5(tmp_path / "data.h5")
    with h5py.File(tmp_path / "data.h5", "a") as file:
        file.attrs["version"] = 2
    with pytest.raises(DataFormatError, match="layout version 2"):
        read_hdf5(tmp_path / "data.h5")


def test_failed_writing_leaves_nothing(tmp_path):
    data = Dataset(inputs=np.ones((2, 1, 16)), outputs=np.ones((2, 1, 16)), coordinates=(X,), attributes={"f": print})
    with pytest.raises(ValueError, match="`attributes` must be"):
        write_hdf5(tmp_path / "data.h5", data)
    with pytest.raises(ValueError, match="needs `trajectories`"):
        write_pdebench(tmp_path / "data.h5", data)
    assert not list(tmp_path.iterdir())


def test_dataset_checks_shapes():
    good = {"inputs": np.ones((2, 1, 16)), "outputs": np.ones((2, 1, 16)), "coordinates": (X,)}
    for change, message in (
        ({"coordinates": (Y,)}, "`inputs` has shape"),
        ({"outputs": np.ones((3, 1, 16))}, "one number of samples"),
        ({"inputs": None, "outputs": None}, "needs `inputs`"),
        ({"trajectories": np.ones((2, 3, 1, 16))}, "one time for each"),
        ({"parameters": {"nu": np.ones(3)}}, "parameter 'nu'"),
    ):
        with pytest.raises(ValueError, match=message):
            Dataset(**(good | change))


def test_pairs_subset_and_source():
    data = trajectories(1, X)
    pairs = data.pairs(0, 2)
    np.testing.assert_array_equal(pairs.outputs, data.trajectories[:, 2])
    part = pairs.subset(slice(1, 3))
    assert part.samples == 2 and set(part.source().arrays()) == {"inputs", "outputs"}
    with pytest.raises(ValueError, match="inputs and outputs already"):
        pairs.pairs()


def test_pdebench_samples_beyond_four_digits_keep_their_order(tmp_path):
    import h5py

    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        for number in (9998, 9999, 10000, 10001):
            group = file.create_group(f"{number:04d}")
            group["data"] = np.full((2, 4, 4, 1), number, np.float32)
            group["grid/x"] = group["grid/y"] = np.arange(4.0)
            group["grid/t"] = np.arange(2.0)
    from sciml.data import read_pdebench

    values = np.asarray(read_pdebench(path).trajectories)
    np.testing.assert_array_equal(values.reshape(4, -1)[:, 0], [9998, 9999, 10000, 10001])
