/**
 * Ends Prosody when the process that started it is gone: standard input is a pipe that only that
 * process holds open. Also says when all is up, which the log does not by itself.
 */
export const LEASH = `
module:set_global();

local server = require "net.server";

local function remove_folder()
  if os.getenv("HEAVYLIFT_REMOVE_FOLDER") then
    os.execute('rm -rf "$HEAVYLIFT_REMOVE_FOLDER"');
  end
end

local function on_input(watcher)
  if io.stdin:read(1) ~= nil then return; end
  watcher:close();
  prosody.events.add_handler("server-stopped", remove_folder, -1000);
  -- Shutting down waits for sessions to close, which only this thread may.
  prosody.main_thread:run(function ()
    prosody.shutdown("the process that started this server is gone", 0);
  end);
end

prosody.events.add_handler("server-started", function ()
  server.watchfd(0, on_input);
  module:log("info", "heavylift: prosody is ready");
end, -1000);
`;

/**
 * Lets chosen accounts, or all, create PubSub nodes. In 0.12 only administrators can, and those
 * own every node then, which is not what we want to test.
 */
export const NODE_CREATORS = `
local jid_bare = require "util.jid".bare;

local everybody = module:get_option("heavylift_node_creators") == "all";
local creators = everybody or module:get_option_set("heavylift_node_creators", {});
local config = module:depends("pubsub").get_service().config;
local usual_affiliation = config.get_affiliation;

config.capabilities.creator = { create = true };
function config.get_affiliation(jid, node, action)
  local usual = usual_affiliation(jid, node, action);
  if usual == nil and action == "create" and (everybody or creators:contains(jid_bare(jid))) then
    return "creator";
  end
  return usual;
end
`;
