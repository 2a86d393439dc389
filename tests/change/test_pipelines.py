"""A pipeline is known by what it holds, and other YAML is not taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.guards.pipelines import is_pipeline

PIPELINES = {
    "steps": "steps:\n- script: echo\n",
    "steps of a template": "parameters:\n- name: a\n  type: string\nsteps:\n- bash: ${{ parameters.a }}\n",
    "steps with foreign keys": "x-common: 1\nsteps:\n- task: A@1\n",
    "steps by alias": "x: &one\n  script: a\nsteps:\n- *one\n",
    "all steps by alias": ".all: &all\n- script: a\nsteps: *all\n",
    "steps by expression": "parameters:\n- name: s\n  type: stepList\nsteps: ${{ parameters.s }}\n",
    "jobs": "trigger: none\njobs:\n- job: a\n",
    "stages": "stages:\n- stage: a\n",
    "stages of GitLab": "stages: [build, test]\nimage: alpine\nbuild:\n  stage: build\n  script: [make]\n",
    "variables by name": "variables:\n  buildConfiguration: Release\n",
    "variables as a list": "variables:\n- group: secrets\n- name: a\n  value: b\n",
    "variables by template": "variables:\n- template: other.yml\n",
    "variables with parameters": "parameters:\n- name: e\n  default: dev\nvariables:\n  a: ${{ parameters.e }}\n",
    "variables by condition": "variables:\n- ${{ if eq(1, 1) }}:\n  - name: a\n    value: b\n",
    "extends": "extends:\n  template: other.yml\n",
    "extends with a trigger": "trigger:\n- main\nextends:\n  template: a.yml@t\n  parameters:\n    x: 1\n",
    "resources": "resources:\n  repositories:\n  - repository: t\n    type: git\n    name: a/b\n",
    "trigger": "trigger:\n  branches:\n    include: [main]\n",
    "a list as trigger": "trigger:\n- main\n",
    "pool": "pool:\n  vmImage: ubuntu-latest\n",
    "trigger and pool": "trigger: none\npool: Default\n",
    "schedules": "schedules:\n- cron: 0 0 * * *\n  branches:\n    include: [main]\n",
    "a key by expression": "${{ if true }}:\n  steps:\n  - script: a\n",
    "a workflow": "name: ci\non: [push]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n    - run: make\n",
    "a workflow to call": "on:\n  workflow_call:\njobs:\n  a:\n    uses: o/r/.github/workflows/a.yml@v1\n",
    "a composite action": "name: a\nruns:\n  using: composite\n  steps:\n  - run: a\n    shell: bash\n",
    "a job of GitLab": "test:\n  stage: test\n  script:\n  - make test\n",
    "a hidden job of GitLab": ".base:\n  image: alpine\n  script: make\n",
    "in the second document": "a: 1\n---\nsteps:\n- script: a\n",
    "before a second document": "steps:\n- script: a\n---\nsteps: 3\n",
    "a repeated key": "steps:\n- script: a\nsteps: 3\n",
    "broken": "steps: [\n- broken\n",
    "broken by a template": "# a: b\n{{#if x}}\nresources:\n- repo: self\n{{/if}}\nstages:\n- stage: a\n  b: [\n",
}
OTHERS = {
    "Kubernetes": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n",
    "Kustomize": "resources:\n- deployment.yaml\n- service.yaml\n",
    "docker-compose": "name: shop\nservices:\n  web:\n    image: x\n    environment:\n      A: b\nvolumes: {}\n",
    "Ansible": "- hosts: all\n  vars:\n    a: 1\n  tasks:\n  - name: a\n    script: x.sh\n",
    "Ansible variables": "http_port: 80\nusers:\n- name: a\n",
    "Helm values": "replicaCount: 1\nimage:\n  repository: a\n  tag: b\nresources:\n  limits:\n    cpu: 1\nservice:\n  type: ClusterIP\n",
    "Helm values with jobs": "image: a\njobs:\n- cleanup\n- report\nresources: {}\n",
    "Helm resources alone": "resources:\n  limits:\n    cpu: 1\n",
    "OpenAPI": "openapi: 3.0.0\ninfo:\n  title: a\npaths: {}\ncomponents:\n  parameters: {}\n",
    "parameters of OpenAPI": "parameters:\n  limit:\n    in: query\n    name: limit\n",
    "an issue form": "name: Bug\ndescription: x\nlabels: [bug]\nbody:\n- type: input\n  attributes:\n    label: a\n",
    "mkdocs": "site_name: a\nnav:\n- Home: index.md\ntheme:\n  name: material\n",
    "dependabot": "version: 2\nupdates:\n- package-ecosystem: npm\n  directory: /\n  schedule:\n    interval: daily\n",
    "pre-commit": "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: a\n",
    "Taskfile": "version: '3'\nvars:\n  A: b\ntasks:\n  build:\n    cmds: [make]\n",
    "Home Assistant": "alias: light\ntrigger:\n- platform: sun\naction:\n- service: light.turn_on\n",
    "DVC": "stages:\n  train:\n    cmd: python train.py\n",
    "CloudFormation": "Parameters:\n  A:\n    Type: String\nResources:\n  B:\n    Type: AWS::S3::Bucket\n",
    "conda": "name: a\nchannels: [conda-forge]\ndependencies:\n- python=3\n",
    "a recipe": "title: Bread\nsteps:\n- mix\n- bake\n",
    "steps deeper": "a:\n  steps:\n  - script: b\n",
    "a list": "- steps: []\n",
    "a number": "steps: 3\n",
    "a database": "pool: 5\nurl: x\n",
    "a package": "name: app\ndescription: x\nenvironment:\n  sdk: '>=3.0.0'\ndependencies:\n  flutter:\n    sdk: flutter\n",
    "npm scripts in YAML": "package:\n  script: index.js\n  title: x\n",
    "translations": "de:\n  name: Name\n  on: An\n  jobs: Stellen\n",
}


@pytest.mark.parametrize("text", PIPELINES.values(), ids=PIPELINES.keys())
def test_a_pipeline_is_known_by_its_content(text: str) -> None:
    assert is_pipeline("build/any.yml", text.encode())


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_other_yaml_is_no_pipeline(text: str) -> None:
    assert not is_pipeline("any.yaml", text.encode())


@given(
    st.sampled_from([*PIPELINES.values()]), st.sampled_from(["# a\n", "\n\n", "\ufeff", "---\n", "%YAML 1.1\n---\n"])
)
def test_what_stands_before_it_does_not_hide_a_pipeline(text: str, before: str) -> None:
    assert is_pipeline("a.yml", (before + text).encode())
