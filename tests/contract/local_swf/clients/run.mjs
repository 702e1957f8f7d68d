// A run from start to end by Amazon's SDK for JavaScript, its outcome as JSON on standard output.
import * as swf from "@aws-sdk/client-swf";

const client = new swf.SWFClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
const send = (name, input) => client.send(new swf[`${name}Command`](input));
const fault = async (name, input) => {
  try {
    await send(name, input);
  } catch (error) {
    return [error.name, error.message];
  }
};

const domain = "js";
const workflowType = { name: "order", version: "1" };
await send("RegisterDomain", { name: domain, workflowExecutionRetentionPeriodInDays: "1" });
await send("RegisterWorkflowType", {
  domain,
  ...workflowType,
  defaultTaskList: { name: "main" },
  defaultChildPolicy: "TERMINATE",
  defaultTaskStartToCloseTimeout: "30",
  defaultExecutionStartToCloseTimeout: "100",
});
const taskList = { name: "main" };
const abandoned = new AbortController();
const poll = client
  .send(new swf.PollForDecisionTaskCommand({ domain, taskList }), { abortSignal: abandoned.signal })
  .catch((error) => error.name);
await fault("CountPendingDecisionTasks", { domain, taskList }); // meanwhile the poll is sent
abandoned.abort();
const start = { domain, workflowId: "w", workflowType };
const { runId } = await send("StartWorkflowExecution", start);
const again = await fault("StartWorkflowExecution", start);
const invalid = await fault("StartWorkflowExecution", { domain });
const task = await send("PollForDecisionTask", { domain, taskList });
await send("RespondDecisionTaskCompleted", {
  taskToken: task.taskToken,
  decisions: [{ decisionType: "CompleteWorkflowExecution" }],
});
const { events } = await send("GetWorkflowExecutionHistory", {
  domain,
  execution: { workflowId: "w", runId },
});
console.log(
  JSON.stringify({
    abandoned: await poll,
    again,
    invalid: invalid[0],
    dated: events[0].eventTimestamp instanceof Date,
    events: events.map((event) => event.eventType),
  }),
);
