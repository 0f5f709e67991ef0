import asyncio
import importlib.util


async def evaluate(program_path, scale=1.0):
    await asyncio.sleep(0)
    spec = importlib.util.spec_from_file_location("candidate", program_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    value = module.answer() * scale
    return {"value": value, "run_time": 1.0, "size": 1000, "flag": True, "note": "as expected"}
