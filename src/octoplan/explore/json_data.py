"""Frozen dataclasses of plain data as JSON, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_data(value: Any) -> Any:
    """A value as data for JSON: dataclasses as objects, tuples as lists, and non-finite numbers as text.

    >>> to_data((1.5, float("inf"), None))
    [1.5, 'inf', None]
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_data(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def of_data(kind: type[T], data: Any) -> T:
    """The value of a type from the data of ``to_data``.

    Raises:
        TypeError, KeyError, ValueError: The data are not those of the type.

    >>> of_data(float, "-inf")
    -inf

    """
    value: Any = _read(kind, data)
    return value  # type: ignore[no-any-return]


def _read(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = (option for option in get_args(kind) if option is not NoneType)
        return None if data is None else _read(inner, data)
    if origin is tuple:
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            return tuple(_read(kinds[0], item) for item in data)
        return tuple(_read(item_kind, item) for item_kind, item in zip(kinds, data, strict=True))
    if is_dataclass(kind):
        return _dataclass(kind, data)
    if kind is float:
        return float(data)
    if type(data) is not kind:
        raise TypeError(f"{data!r} is not a {kind.__name__}")
    return data


def _dataclass(kind: Any, data: Any) -> Any:
    if not isinstance(data, Mapping):
        raise TypeError(f"{data!r} is not an object")
    hints = get_type_hints(kind)
    if unknown := set(data) - set(hints):
        raise KeyError(", ".join(sorted(unknown)))
    return kind(**{name: _read(hints[name], item) for name, item in data.items()})
