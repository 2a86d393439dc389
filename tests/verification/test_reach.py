"""Whether something in a test leads to the source."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redimento.verification.evidence import TestResult
from redimento.verification.reach import leads_to_source
from tests.scaling import assert_linear_in, run

TREE = ("cart.py", "data/rates.json", "src/cart.js", "tests/test_cart.py")
IMPORTS = {
    "py": "import os\nfrom pathlib import Path\n\nimport pytest\nfrom cart import total\n\n\n",
    "js": "const { test } = require('node:test');\nconst assert = require('node:assert');\nconst { total } = require('../src/cart');\n",
    "go": 'package cart\n\nimport "testing"\n\n',
    "java": "class CartTest {\n",
    "cs": "class CartTests {\n",
    "rs": "",
    "kt": "",
}


def leads(language: str, text: str, title: str = "test_a") -> bool:
    path = "tests/CartTest.java" if language == "java" else f"tests/test_new.{language}"
    name = f"CartTest::{title}" if language == "java" else f"tests.test_new::{title}" if language == "py" else title
    return leads_to_source(path, (IMPORTS[language] + text).encode(), TestResult(name, "failed"), TREE)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("py", "def test_a():\n    assert False\n"),
        ("py", "async def test_a():\n    '''The total is wrong.'''\n    raise AssertionError('total')\n"),
        ("py", "def test_a():\n    pytest.fail(reason='total is wrong')\n"),
        ("py", "def test_a():\n    found = 1\n    assert found == 2\n"),
        ("py", "class TestA(TestCase):\n    def test_a(self):\n        self.assertEqual(1, 2)\n"),
        ("py", "@pytest.mark.parametrize('one, two', [(1, 2)])\ndef test_a(one, two):\n    assert one == two\n"),
        ("py", "def test_a(tmp_path):\n    assert (tmp_path / 'x').exists() or Path('/no').exists() or os.environ.get('X')\n"),
        ("js", "test('test_a', async (t) => {\n  const found = 1;\n  t.assert.equal(found, 2);\n});\n"),
        ("js", "it('test_a', function () {\n  throw new assert.AssertionError({ message: 'total' });\n});\n"),
        ("js", "test('test_a', () => { expect(1).toBe(2); });\n"),
        ("go", 'func test_a(t *testing.T) {\n\tt.Fatal("total")\n}\n'),
        ("java", '    @Test\n    void test_a() {\n        fail("total");\n    }\n}\n'),
        ("cs", "    [Fact]\n    public void test_a()\n    {\n        Assert.True(false);\n    }\n}\n"),
        ("rs", "#[test]\nfn test_a() {\n    assert!(false);\n}\n"),
    ],
)  # fmt: skip
def test_what_fails_whatever_the_source_does_leads_nowhere(language: str, text: str) -> None:
    assert not leads(language, text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "js",
            "test.each([\n  ['test_a', 2],\n])('%s', (name, expected) => { expect(total(name)).toBe(expected); });\n",
        ),
        ("py", "def test_a():\n    assert total([2]) == 2\n"),
        ("py", "def test_a(client):\n    assert client.get('/') == 2\n"),
        ("py", "def test_a():\n    assert f'{total([2])}' == '2'\n"),
        ("py", "def test_a():\n    assert '19' in Path('data/rates.json').read_text()\n"),
        ("py", "def test_a():\n    assert os.system('python cart.py') == 0\n"),
        ("py", "class TestA:\n    def test_a(self):\n        assert self.sum == 2\n"),
        ("py", "def test_a():\n    try:\n        total([])\n    except ValueError:\n        pytest.fail('raised')\n"),
        ("py", "@pytest.mark.parametrize('name', ['total'])\ndef test_a(name):\n    assert total(name) == 1\n"),
        ("js", "test('total', () => {\n  assert.equal(total([1]), 2);\n});\n"),
        ("js", "test('total', () => {\n  assert.equal(`${total([1])}`, '2');\n});\n"),
        ("js", "test('total', async ({ page }) => {\n  await page.goto('/');\n});\n"),
        ("go", 'func test_a(t *testing.T) {\n\tif Total(1) != 2 {\n\t\tt.Fatal("wrong")\n\t}\n}\n'),
        ("java", "    @Test\n    void test_a() {\n        assertEquals(3, new Cart().total());\n    }\n}\n"),
        ("cs", "    [Fact]\n    public void test_a()\n    {\n        Assert.Equal(3, Cart.Total());\n    }\n}\n"),
        ("rs", "#[test]\nfn test_a() {\n    assert_eq!(3, total(1));\n}\n"),
        ("kt", "@Test\nfun test_a() {\n    fail()\n}\n"),  # no grammar
    ],
)
def test_a_name_of_the_source_a_fixture_or_a_path_leads_there(language: str, text: str) -> None:
    assert leads(language, text, "total" if language == "js" else "test_a")


def test_a_long_test_is_read_in_linear_time() -> None:
    def reading(size: int) -> Callable[[], object]:
        text = "def test_a():\n" + "    assert [1, 2] == [2, 1], 'x'\n" * (size // 33)
        return lambda: leads("py", text)

    assert_linear_in(run, reading, 50_000)
