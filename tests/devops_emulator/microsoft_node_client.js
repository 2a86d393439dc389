// Drives Microsoft's Node client through every operation that a client of work items and pull requests needs, and
// prints the results as one JSON line. Arguments: collection URL, token.
const assert = require("node:assert");
const { Readable } = require("node:stream");
const api = require("azure-devops-node-api");

const project = "Shop Floor";
const headers = { "Content-Type": "application/json-patch+json" };

async function main(url, token) {
  const connection = new api.WebApi(url, api.getPersonalAccessTokenHandler(token));
  const me = (await connection.connect()).authenticatedUser;
  const boards = await connection.getWorkItemTrackingApi();
  const repos = await connection.getGitApi();
  const builds = await connection.getBuildApi();
  const core = await connection.getCoreApi();
  assert.equal((await core.getProjects())[0].name, project);

  const item = await boards.getWorkItem(7, undefined, undefined, 4, project);
  const steps = [
    { op: "test", path: "/rev", value: item.rev },
    { op: "add", path: "/fields/System.State", value: "Active" },
  ];
  const changed = await boards.updateWorkItem(headers, steps, 7);
  await assert.rejects(boards.updateWorkItem(headers, steps, 7), (error) => error.statusCode === 412);
  const made = await boards.createWorkItem(
    headers, [{ op: "add", path: "/fields/System.Title", value: "T" }], project, "Task");
  await boards.addComment({ text: "Hello" }, project, 7);
  const comments = await boards.getComments(project, 7, 1, undefined, false, 8, 1);
  const found = await boards.queryByWiql(
    { query: "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project" }, { project });
  const states = await boards.getWorkItemTypeStates(project, "User Story");
  const attachment = await boards.createAttachment({}, Readable.from([Buffer.from("x")]), "a.txt", undefined, project);

  const repository = await repos.getRepository("web", project);
  const main = (await repos.getRefs(repository.id, undefined, "heads/main"))[0].objectId;
  const moved = await repos.updateRefs(
    [{ name: "refs/heads/new", oldObjectId: "0".repeat(40), newObjectId: main }], repository.id);
  const push = await repos.createPush({
    refUpdates: [{ name: "refs/heads/new", oldObjectId: main }],
    commits: [{ comment: "C", changes: [
      { changeType: 1, item: { path: "/a.txt" }, newContent: { content: "a", contentType: 0 } }] }],
  }, repository.id);
  const opened = await repos.createPullRequest({
    sourceRefName: "refs/heads/new", targetRefName: "refs/heads/main", title: "T", isDraft: true,
    labels: [{ name: "ai" }], workItemRefs: [{ id: "7" }],
  }, repository.id, project);
  const number = opened.pullRequestId;
  const listed = await repos.getPullRequests(repository.id, { sourceRefName: "refs/heads/new", status: 1 }, project);
  await repos.createPullRequestReviewer({ vote: 10 }, repository.id, number, me.id, project);
  await repos.createPullRequestStatus({ state: 2, context: { name: "checks" } }, repository.id, number, project);
  const thread = await repos.createThread(
    { comments: [{ content: "Why?", commentType: 1 }], status: 1 }, repository.id, number, project);
  const linked = await repos.getPullRequestWorkItemRefs(repository.id, number, project);
  const iterations = await repos.getPullRequestIterations(repository.id, number, project);
  await repos.updatePullRequest({ isDraft: false }, repository.id, number, project);
  const pull = await repos.getPullRequestById(number);
  const completed = await repos.updatePullRequest(
    { status: 3, lastMergeSourceCommit: pull.lastMergeSourceCommit, completionOptions: { mergeStrategy: 2 } },
    repository.id, number, project);

  await builds.addBuildTag(project, 1, "item 7");
  const build = await builds.updateBuild({ status: 2, result: 2 }, project, 1);

  console.log(JSON.stringify({
    revisions: [item.rev, changed.rev], created: made.fields["System.State"],
    comment: [comments.totalCount, comments.comments[0].renderedText],
    found: found.workItems.length, category: states[0].category, attachment: attachment.url.endsWith("a.txt"),
    moved: moved[0].success, pushed: push.commits.length, listed: listed.map((one) => one.pullRequestId),
    label: pull.labels[0].name, vote: pull.reviewers[0].vote, thread: thread.status, linked: linked.map((one) => one.id),
    iterations: iterations.length, merge: pull.mergeStatus, completed: completed.status,
    build: [build.status, build.result, build.tags],
  }));
}

main(...process.argv.slice(2)).catch((error) => { console.error(error); process.exit(1); });
